package org.ilbd.core.connection;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** A random generator with a new seed on each run, which it prints; {@code -Dseed=N} repeats a run. */
final class Seed {

    private Seed() {}

    static RandomGenerator random(String name) {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println(name + " seed " + seed);
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }
}
