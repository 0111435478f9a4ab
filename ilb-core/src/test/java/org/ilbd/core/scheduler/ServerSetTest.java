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
        assertThat(servers.load(0)).isEqualTo(ServerSet.UNKNOWN);
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
        servers.setWeight(1, 5);
        servers.setLoad(1, 730);
        assertThat(servers.weight(0)).isEqualTo(1);
        assertThat(servers.weight(1)).isEqualTo(5);
        assertThat(servers.load(0)).isEqualTo(ServerSet.UNKNOWN);
        assertThat(servers.load(1)).isEqualTo(730);
        servers.setLoad(1, ServerSet.UNKNOWN);
        assertThat(servers.load(1)).isEqualTo(ServerSet.UNKNOWN);
    }

    @Test
    void doesNotFollowItsCallersArray() {
        int[] weights = {1, 2};
        ServerSet servers = Servers.weighted(weights);
        weights[0] = 9;
        assertThat(servers.weight(0)).isEqualTo(1);
    }

    @Test
    void aWeightOrLoadOutOfRangeChangesNothing() {
        ServerSet servers = Servers.equal(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> servers.setWeight(0, ServerSet.MAX_WEIGHT + 1))
                .withMessage("weight 65536 is not in 0..65535");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> servers.setLoad(0, 1_001))
                .withMessage("load 1001 is not in 0..1000");
        assertThatIllegalArgumentException().isThrownBy(() -> servers.setLoad(0, -2));
        assertThat(servers.weight(0)).isEqualTo(1);
        assertThat(servers.load(0)).isEqualTo(ServerSet.UNKNOWN);
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
