package org.ilbd.daemon.health;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.ServerReport;

/**
 * What an agent says of its server in one line, as HAProxy's {@code agent-check} understands it (HAProxy configuration manual 2.6, 5.2).
 *
 * <p><b>Grammar.</b> Words in any order and in any case, between blanks, tabs and commas. A {@code #} where a word would begin is followed by
 * a description, up to the end of the line. Of several words of one kind the last counts. What is not said does not change.
 *
 * <pre>
 * up | down | fail | failed | stopped    whether the server serves
 * ready | drain | maint                  whether it is to: ready undoes drain and maint
 * N%                                     its weight, of the configured one
 * maxconn:N                              how many connections it takes at a time
 * load:N                                 how busy it is, per mille
 * </pre>
 *
 * <p><b>Beyond HAProxy.</b> {@code load:} is ilbd's own; HAProxy takes it for an unknown word, says so on its statistics page, and obeys the
 * others. {@code failed} was the documented name of {@code fail} for years, but HAProxy never knew it. HAProxy limits the weight that comes out
 * to 256, not the percentage.
 *
 * @param up false for down, fail, failed and stopped
 * @param weightPercent 0 to {@link ServerReport#MAX_WEIGHT_PERCENT}: more is taken for that
 * @param maxConnections 0 or more
 * @param loadPerMille 0 to {@link ServerReport#MAX_LOAD}: more is taken for that
 * @param description empty if there is none
 * @param rubbish the words that mean nothing
 */
public record AgentReply(
        Optional<Boolean> up,
        Optional<Administration> administration,
        Optional<Integer> weightPercent,
        Optional<Integer> maxConnections,
        Optional<Integer> loadPerMille,
        String description,
        List<String> rubbish) {
    private static final String READY = "ready";
    private static final String DRAIN = "drain";
    private static final String MAINTENANCE = "maint";
    private static final String MAX_CONNECTIONS_PREFIX = "maxconn:";
    private static final String LOAD_PREFIX = "load:";
    private static final String DELIMITERS = " \t,";
    /** Leading zeros do not count; nine digits fit into an int. */
    private static final Pattern NUMBER = Pattern.compile("0*(\\d{1,9})|\\d+");

    /** Copies the list. */
    public AgentReply {
        rubbish = List.copyOf(rubbish);
    }

    /** Reads a line, without its end. Any text at all is accepted. */
    public static AgentReply parse(String line) {
        Parser parser = new Parser();
        int begin = 0;
        while (begin < line.length()) {
            if (DELIMITERS.indexOf(line.charAt(begin)) >= 0) {
                begin++;
                continue;
            }
            if (line.charAt(begin) == '#') {
                parser.description = line.substring(begin + 1).strip();
                break;
            }
            int end = begin;
            while (end < line.length() && DELIMITERS.indexOf(line.charAt(end)) < 0) {
                end++;
            }
            parser.take(line.substring(begin, end));
            begin = end;
        }
        return parser.reply();
    }

    /** Whether nothing at all is said, not even rubbish. */
    public boolean isEmpty() {
        return up.isEmpty()
                && administration.isEmpty()
                && weightPercent.isEmpty()
                && maxConnections.isEmpty()
                && loadPerMille.isEmpty()
                && rubbish.isEmpty();
    }

    /** What the engine is to know of it. */
    ServerReport toReport() {
        return new ServerReport(
                ServerReport.Source.AGENT,
                up,
                administration,
                toInt(weightPercent),
                toInt(maxConnections),
                toInt(loadPerMille));
    }

    private static OptionalInt toInt(Optional<Integer> figure) {
        return figure.map(OptionalInt::of).orElseGet(OptionalInt::empty);
    }

    /** The words that are understood, as {@link #parse} reads them; without an end of the line. */
    @Override
    public String toString() {
        StringJoiner words = new StringJoiner(" ");
        administration.ifPresent(state -> words.add(
                switch (state) {
                    case READY -> READY;
                    case DRAIN -> DRAIN;
                    case MAINTENANCE -> MAINTENANCE;
                }));
        up.ifPresent(is -> words.add(is ? "up" : "down"));
        weightPercent.ifPresent(percent -> words.add(percent + "%"));
        maxConnections.ifPresent(count -> words.add(MAX_CONNECTIONS_PREFIX + count));
        loadPerMille.ifPresent(load -> words.add(LOAD_PREFIX + load));
        if (!description.isEmpty()) {
            words.add("# " + description);
        }
        return words.toString();
    }

    private static final class Parser {
        private Optional<Boolean> up = Optional.empty();
        private Optional<Administration> administration = Optional.empty();
        private Optional<Integer> weightPercent = Optional.empty();
        private Optional<Integer> maxConnections = Optional.empty();
        private Optional<Integer> loadPerMille = Optional.empty();
        private String description = "";
        private final List<String> rubbish = new ArrayList<>();

        void take(String word) {
            String lower = word.toLowerCase(Locale.ROOT);
            switch (lower) {
                case "up" -> up = Optional.of(true);
                case "down", "fail", "failed", "stopped" -> up = Optional.of(false);
                case READY -> administration = Optional.of(Administration.READY);
                case DRAIN -> administration = Optional.of(Administration.DRAIN);
                case MAINTENANCE -> administration = Optional.of(Administration.MAINTENANCE);
                default -> takeNumber(word, lower);
            }
        }

        /** The last word of a kind counts also if its number is none: then nothing is said of it. */
        private void takeNumber(String word, String lower) {
            if (lower.startsWith(MAX_CONNECTIONS_PREFIX)) {
                maxConnections = number(word, lower.substring(MAX_CONNECTIONS_PREFIX.length()), Integer.MAX_VALUE);
            } else if (lower.startsWith(LOAD_PREFIX)) {
                loadPerMille = number(word, lower.substring(LOAD_PREFIX.length()), ServerReport.MAX_LOAD);
            } else if (lower.indexOf('%') > 0 && lower.charAt(0) >= '0' && lower.charAt(0) <= '9') {
                boolean isLast = lower.indexOf('%') == lower.length() - 1;
                weightPercent = number(
                        word, isLast ? lower.substring(0, lower.length() - 1) : lower, ServerReport.MAX_WEIGHT_PERCENT);
            } else {
                rubbish.add(word);
            }
        }

        private Optional<Integer> number(String word, String digits, int greatest) {
            var matcher = NUMBER.matcher(digits);
            if (!matcher.matches()) {
                rubbish.add(word);
                return Optional.empty();
            }
            return Optional.of(
                    matcher.group(1) == null ? greatest : Math.min(greatest, Integer.parseInt(matcher.group(1))));
        }

        AgentReply reply() {
            return new AgentReply(
                    up, administration, weightPercent, maxConnections, loadPerMille, description, rubbish);
        }
    }
}
