package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class ServerSetTest {
    @Test
    void startsAvailableAndWithoutConnections() {
        ServerSet servers = Servers.weighted(3, 0);
        assertThat(servers.size()).isEqualTo(2);
        assertThat(servers.endpoint(1)).hasToString("10.3.0.2:8080");
        assertThat(servers.weight(0)).isEqualTo(3);
        assertThat(servers.available(0)).isTrue();
        assertThat(servers.connections(0)).isZero();
    }

    @Test
    void keepsWhatItIsTold() {
        ServerSet servers = Servers.weighted(1, 1);
        servers.setAvailable(1, false);
        servers.setConnections(1, 17);
        assertThat(servers.available(0)).isTrue();
        assertThat(servers.available(1)).isFalse();
        assertThat(servers.connections(0)).isZero();
        assertThat(servers.connections(1)).isEqualTo(17);
    }

    @Test
    void doesNotFollowItsCallersArray() {
        int[] weights = {1, 2};
        ServerSet servers = Servers.weighted(weights);
        weights[0] = 9;
        assertThat(servers.weight(0)).isEqualTo(1);
    }

    @Test
    void refusesWhatMakesNoSet() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ServerSet(List.of(Servers.endpoint(0)), new int[2]))
                .withMessage("1 endpoints but 2 weights");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ServerSet(List.of(Servers.endpoint(0), Servers.endpoint(0)), new int[2]))
                .withMessage("10.3.0.1:8080 is there twice");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Servers.weighted(-1))
                .withMessage("weight -1 is not in 0..65535");
        assertThatIllegalArgumentException().isThrownBy(() -> Servers.weighted(ServerSet.MAX_WEIGHT + 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Servers.equal(ServerSet.MAX_SIZE + 1));
    }
}
