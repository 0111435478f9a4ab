package org.ilbd.daemon.it;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** One line for each run: what has become of the connections, and what the ILBs say. */
final class ChaosLine {
    /** Who has waited for so long waits for ever: a detection and a few retransmissions take much less. */
    private static final int STUCK_MILLIS = 20_000;

    private ChaosLine() {}

    /**
     * @param unfinished some connections do not go on, broken or stuck
     * @param scrapes of the ILBs that run; each counts from its own start
     */
    static String of(String name, long seed, Traffic.Report report, boolean unfinished, List<Scrape> scrapes) {
        boolean stuck = unfinished && report.get("oldest-ms") > STUCK_MILLIS;
        return String.format(
                Locale.ROOT,
                "chaos: %-42s seed %d: %d + %d/s, resets %d, stuck %d, wrong %d, other %d; longest stall %d ms,"
                        + " of a new connection %d ms; orphans %d, conflicts %d, drops %s, longest pause of an engine %d ms",
                name,
                seed,
                report.get("open"),
                ChaosCluster.SHORT_RATE,
                report.get("reset") + report.get("refused"),
                report.get("timed_out") + (stuck ? report.get("waiting") : 0),
                report.get("wrong"),
                report.get("closed") + report.get("other"),
                report.get("longest-ms"),
                report.get("short-longest-ms"),
                sum(scrapes, "ilbd_orphans_total"),
                sum(scrapes, "ilbd_association_conflicts_total"),
                drops(scrapes),
                longestPauseMillis(scrapes));
    }

    /** Since its ILB was started. */
    private static long longestPauseMillis(List<Scrape> scrapes) {
        return scrapes.stream()
                .mapToLong(scrape -> scrape.millis("ilbd_engine_longest_cycle_seconds"))
                .max()
                .orElse(0);
    }

    private static long sum(List<Scrape> scrapes, String name) {
        return scrapes.stream().mapToLong(scrape -> scrape.value(name)).sum();
    }

    /** By reason. */
    private static Map<String, Long> drops(List<Scrape> scrapes) {
        Map<String, Long> drops = new TreeMap<>();
        for (Scrape scrape : scrapes) {
            scrape.samples().forEach((key, value) -> {
                if (key.startsWith("ilbd_drops_total") && value > 0) {
                    drops.merge(key.replaceAll(".*reason=\"(\\w+)\".*", "$1"), value.longValue(), Long::sum);
                }
            });
        }
        return drops;
    }
}
