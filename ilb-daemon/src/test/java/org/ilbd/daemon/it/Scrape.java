package org.ilbd.daemon.it;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The samples of a metrics page: what is in front of the last blank of a line, and the number behind it.
 *
 * @param samples in the page's order
 */
record Scrape(Map<String, Double> samples) {
    static Scrape parse(String page) {
        Map<String, Double> samples = new LinkedHashMap<>();
        page.lines().filter(line -> !line.startsWith("#") && !line.isBlank()).forEach(line -> {
            int blank = line.lastIndexOf(' ');
            samples.put(line.substring(0, blank), Double.valueOf(line.substring(blank + 1)));
        });
        return new Scrape(samples);
    }

    /** The sum of all samples with this name and all of these labels, each as {@code name="value"}. */
    long sum(String name, String... labels) {
        return (long) samples.entrySet().stream()
                .filter(sample -> matches(sample.getKey(), name, labels))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    /** The same where there must be at least one. */
    long value(String name, String... labels) {
        if (samples.keySet().stream().noneMatch(key -> matches(key, name, labels))) {
            throw new AssertionError("no " + name + " with " + List.of(labels) + " in " + samples.keySet());
        }
        return sum(name, labels);
    }

    /** The one sample with this name, which is in seconds, in milliseconds. */
    long millis(String name) {
        return Math.round(number(name) * 1_000);
    }

    /** The one sample with this name. */
    double number(String name) {
        Double number = samples.get(name);
        if (number == null) {
            throw new AssertionError("no " + name + " in " + samples.keySet());
        }
        return number;
    }

    private static boolean matches(String key, String name, String... labels) {
        if (!key.equals(name) && !key.startsWith(name + "{")) {
            return false;
        }
        for (String label : labels) {
            if (!key.contains(label)) {
                return false;
            }
        }
        return true;
    }
}
