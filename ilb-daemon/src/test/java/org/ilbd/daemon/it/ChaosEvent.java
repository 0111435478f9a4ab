package org.ilbd.daemon.it;

import java.util.Random;

/** What may happen to a cluster, one at a time, without breaking a connection. */
enum ChaosEvent {
    KILL {
        @Override
        void happen(ChaosCluster cluster, Random random) {
            cluster.kill(cluster.any(random));
        }
    },
    TERMINATE {
        @Override
        void happen(ChaosCluster cluster, Random random) {
            cluster.terminate(cluster.any(random));
        }
    },
    JOIN {
        @Override
        void happen(ChaosCluster cluster, Random random) {
            join(cluster, random, ChaosCluster.ILBS + 1);
        }
    },
    REJOIN {
        @Override
        void happen(ChaosCluster cluster, Random random) {
            int victim = cluster.any(random);
            cluster.kill(victim);
            ChaosCluster.pause(500);
            join(cluster, random, victim);
        }
    },
    RESHUFFLE {
        @Override
        void happen(ChaosCluster cluster, Random random) {
            cluster.reshuffle(random, RESHUFFLES);
        }
    };

    /** Ten in a second; 100 is the full size. */
    private static final int RESHUFFLES = Integer.getInteger("ilbd.chaos.reshuffles", 30);

    abstract void happen(ChaosCluster cluster, Random random);

    /** The router sends packets as soon as the ILB answers, or once it is ACTIVE. */
    private static void join(ChaosCluster cluster, Random random, int number) {
        cluster.start(number);
        if (random.nextBoolean()) {
            cluster.routeTo(number);
            cluster.awaitActive(number);
        } else {
            cluster.awaitActive(number);
            cluster.routeTo(number);
        }
    }
}
