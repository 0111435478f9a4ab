package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PeerTest {
    private static final long HASH = SelectionHash.mix(1);

    private static ServerSet loaded(int... loads) {
        ServerSet servers = Servers.equal(loads.length);
        for (int i = 0; i < loads.length; i++) {
            servers.setLoad(i, loads[i]);
        }
        return servers;
    }

    private static Peer started(ServerSet servers) {
        Peer peer = new Peer();
        peer.update(servers);
        return peer;
    }

    @Test
    void theHostThatIsReachedServesUpToTheThreshold() {
        Peer peer = started(loaded(500, 0, 100));
        assertThat(peer.select(HASH, 0)).isZero();
        assertThat(peer.select(HASH, 1)).isEqualTo(1);
        assertThat(peer.select(HASH, 2)).isEqualTo(2);
    }

    @Test
    void aboveTheThresholdTheLeastLoadedOtherOneDoes() {
        ServerSet servers = loaded(501, 301, 290);
        Peer peer = started(servers);
        assertThat(peer.select(HASH, 0)).isEqualTo(2);
        servers.setLoad(1, 10);
        assertThat(peer.select(HASH, 0)).isEqualTo(1);
    }

    @Test
    void unlessItIsNotLessLoadedByTheDifference() {
        ServerSet servers = loaded(900, 701, 950);
        Peer peer = started(servers);
        assertThat(peer.select(HASH, 0)).isZero();
        servers.setLoad(1, 700);
        assertThat(peer.select(HASH, 0)).isEqualTo(1);
    }

    @Test
    void thresholdsCountFromTheNextSelectionOn() {
        Peer peer = started(loaded(600, 500, 599));
        assertThat(peer.select(HASH, 0)).isZero();
        peer.setThresholds(new PeerThresholds(500, 100, 1));
        assertThat(peer.select(HASH, 0)).isEqualTo(1);
        peer.setThresholds(new PeerThresholds(600, 100, 1));
        assertThat(peer.select(HASH, 0)).isZero();
    }

    /** The load is the sign of life. */
    @Test
    void nothingIsPassedToAHostWhoseLoadIsNotKnown() {
        ServerSet servers = loaded(1000, ServerSet.UNKNOWN, 800);
        Peer peer = started(servers);
        assertThat(peer.select(HASH, 0)).isEqualTo(2);
        servers.setLoad(2, ServerSet.UNKNOWN);
        assertThat(peer.select(HASH, 0)).isZero();
    }

    @Test
    void aHostWhoseOwnLoadIsNotKnownServesWhatReachesIt() {
        assertThat(started(loaded(ServerSet.UNKNOWN, 0)).select(HASH, 0)).isZero();
    }

    @Test
    void aHostThatIsNotAvailableServesNothing() {
        ServerSet servers = loaded(0, 400, 300);
        servers.setAvailable(0, false);
        Peer peer = started(servers);
        assertThat(peer.select(HASH, 0)).isEqualTo(2);
        servers.setAvailable(2, false);
        peer.update(servers);
        assertThat(peer.select(HASH, 0)).isEqualTo(1);
        servers.setAvailable(1, false);
        peer.update(servers);
        assertThat(peer.select(HASH, 0)).isEqualTo(Scheduler.NONE);
    }

    @Test
    void whereNoServerIsReachedTheLeastLoadedOneServes() {
        assertThat(Servers.sequence(started(loaded(200, 100, ServerSet.UNKNOWN)), 3))
                .isEqualTo("1 1 1");
    }

    @Test
    void withoutAnyLoadItIsTheOneWithTheFewestConnectionsForItsWeight() {
        ServerSet servers = Servers.weighted(1, 4);
        servers.setConnections(0, 10);
        servers.setConnections(1, 39);
        assertThat(started(servers).select(HASH)).isEqualTo(1);
        servers.setConnections(1, 41);
        assertThat(started(servers).select(HASH)).isZero();
    }

    /** Otherwise all that is passed on until the next report would hit the same host. */
    @Test
    void whatIsPassedOnIsSpreadAsTheHostsFillUp() {
        ServerSet servers = Servers.equal(3);
        servers.setConnections(1, 100);
        servers.setConnections(2, 100);
        servers.setLoad(0, 900);
        servers.setLoad(1, 100);
        servers.setLoad(2, 110);
        Peer peer = started(servers);
        int[] counts = new int[3];
        for (int i = 0; i < 100; i++) {
            int selected = peer.select(SelectionHash.mix(i), 0);
            counts[selected]++;
            servers.setConnections(selected, servers.connections(selected) + 1);
        }
        assertThat(counts).containsExactly(0, 57, 43);
    }

    @Test
    void thresholdsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new PeerThresholds(1001, 200, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PeerThresholds(500, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PeerThresholds(500, 200, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
