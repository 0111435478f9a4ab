package org.ilbd.daemon.it;

import static org.awaitility.Awaitility.await;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A {@link TrafficProcess} that a test has started. */
final class Traffic {
    private final Child child;

    Traffic(Child child) {
        this.child = child;
        child.awaitLine("ready");
    }

    Child child() {
        return child;
    }

    /** What it has counted so far. */
    Report report() {
        child.say("report");
        return Report.parse(child.awaitLine("report"));
    }

    /** Waits until so many long connections are open, and each has had an echo. */
    void awaitOpen(int count) {
        await().atMost(Lab.PATIENCE).until(this::report, report -> {
            report.assertUnbroken();
            return report.get("open") == count && report.get("slowest") >= 1;
        });
    }

    /** Waits until each long connection has had so many more echoes. */
    void awaitRounds(int count) {
        long goal = report().get("slowest") + count;
        await().atMost(Lab.PATIENCE).until(this::report, report -> {
            report.assertUnbroken();
            return report.get("slowest") >= goal;
        });
    }

    /** Waits until so many short connections are done, well or not. */
    void awaitShorts(long count) {
        await().atMost(Lab.PATIENCE)
                .until(this::report, report -> report.get("short-done") + report.get("short-failed") >= count);
    }

    /** Forgets what has taken longest so far. */
    void mark() {
        child.say("mark");
    }

    /** The client's ports of the long connections that have broken. */
    List<Integer> broken() {
        return ports("broken");
    }

    /** The client's ports of the long connections that live. */
    List<Integer> ports() {
        return ports("ports");
    }

    private List<Integer> ports(String command) {
        child.say(command);
        return Arrays.stream(child.awaitLine(command).split(" ", -1))
                .skip(1)
                .map(Integer::valueOf)
                .toList();
    }

    /** Lets it finish what is under way; the last report. */
    Report stop() {
        child.say("stop");
        Report last = Report.parse(child.awaitLine("report"));
        child.awaitEnd();
        return last;
    }

    /**
     * One line of a {@link TrafficCounts}.
     *
     * @param line all of it
     * @param values by name
     */
    record Report(String line, Map<String, Long> values) {
        static Report parse(String line) {
            Map<String, Long> values = new LinkedHashMap<>();
            Arrays.stream(line.split(" ", -1)).skip(1).forEach(field -> {
                int sign = field.indexOf('=');
                values.put(field.substring(0, sign), Long.valueOf(field.substring(sign + 1)));
            });
            return new Report(line, values);
        }

        /** 0 for a server that no connection went to. */
        long get(String name) {
            return values.getOrDefault(name, 0L);
        }

        /** No connection has broken: waiting longer makes no sense otherwise. */
        void assertUnbroken() {
            if (get("failed") + get("short-failed") > 0) {
                throw new AssertionError(line);
            }
        }

        @Override
        public String toString() {
            return line;
        }
    }
}
