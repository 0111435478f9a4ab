package org.ilbd.daemon.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;

/**
 * One kind of value: how it is read from HOCON.
 *
 * <p>A number may be written as text too, since a substitution from the environment always is text.
 */
final class Kind<T> {
    static final Kind<String> TEXT = text("a text", Function.identity());
    static final Kind<IpAddress> ADDRESS = text("an IP address such as \"10.0.0.1\"", IpAddress::parse);
    static final Kind<Endpoint> ENDPOINT =
            text("an address with a port such as \"10.0.0.1:80\"", text -> withPort(Endpoint.parse(text)));
    static final Kind<Integer> PORT = integer(1, 65_535);

    private final String expected;
    private final Function<ConfigValue, T> reader;

    private Kind(final String expected, final Function<ConfigValue, T> reader) {
        this.expected = expected;
        this.reader = reader;
    }

    /** Text, or a number as it was written. */
    static <T> Kind<T> text(final String expected, final Function<String, T> parser) {
        return new Kind<>(expected, value -> switch (value.valueType()) {
            case STRING, NUMBER -> parser.apply(String.valueOf(value.unwrapped()));
            case OBJECT, LIST, BOOLEAN, NULL -> throw new IllegalArgumentException(wrongType(expected, value));
        });
    }

    /** An address with a port, or without it for {@code defaultPort}. */
    static Kind<Endpoint> endpoint(final int defaultPort) {
        return text("an IP address such as \"10.0.0.1\", with or without a port", text -> {
            final int firstColon = text.indexOf(':');
            final boolean hasPort = text.startsWith("[") || (firstColon >= 0 && firstColon == text.lastIndexOf(':'));
            return withPort(hasPort ? Endpoint.parse(text) : new Endpoint(IpAddress.parse(text), defaultPort));
        });
    }

    /** A whole number in {@code least..greatest}. */
    static Kind<Integer> integer(final int least, final int greatest) {
        return wholeNumber(least, greatest).map(Math::toIntExact);
    }

    /** A whole number in {@code least..greatest}. */
    static Kind<Long> wholeNumber(final long least, final long greatest) {
        final String expected = "a whole number in " + least + ".." + greatest;
        return text(expected, text -> {
            final long number;
            try {
                number = Long.parseLong(text);
            } catch (final NumberFormatException e) {
                throw new IllegalArgumentException("'" + text + "' is not " + expected, e);
            }
            if (number < least || number > greatest) {
                throw new IllegalArgumentException(number + " is not in " + least + ".." + greatest);
            }
            return number;
        });
    }

    /** A number in {@code least..greatest}. */
    static Kind<Double> decimal(final double least, final double greatest) {
        final String expected = "a number in " + least + ".." + greatest;
        return text(expected, text -> {
            final double number;
            try {
                number = new BigDecimal(text).doubleValue();
            } catch (final NumberFormatException e) {
                throw new IllegalArgumentException("'" + text + "' is not " + expected, e);
            }
            if (number < least || number > greatest) {
                throw new IllegalArgumentException(text + " is not in " + least + ".." + greatest);
            }
            return number;
        });
    }

    /** A time span such as {@code 100ms}, {@code 2s}, {@code 1h}, in {@code least..greatest}. */
    static Kind<Duration> duration(final Duration least, final Duration greatest) {
        final String expected = "a duration such as 100ms, 2s or 1h";
        return new Kind<>(expected, value -> {
            if (value.valueType() != ConfigValueType.STRING) {
                // A bare number would be milliseconds in HOCON; who writes 5 has as likely meant seconds.
                throw value.valueType() == ConfigValueType.NUMBER
                        ? new IllegalArgumentException(value.unwrapped() + " has no unit: write " + value.unwrapped()
                                + "ms or " + value.unwrapped() + "s")
                        : new IllegalArgumentException(wrongType(expected, value));
            }
            final Duration duration;
            try {
                duration = value.atKey("value").getDuration("value");
            } catch (final ConfigException e) {
                throw new IllegalArgumentException("'" + value.unwrapped() + "' is not " + expected, e);
            }
            if (duration.compareTo(least) < 0 || duration.compareTo(greatest) > 0) {
                throw new IllegalArgumentException(
                        value.unwrapped() + " is not in " + inWords(least) + ".." + inWords(greatest));
            }
            return duration;
        });
    }

    /** A share in {@code least..100} per cent, such as {@code 50%}, as per mille. */
    static Kind<Integer> percent(final int least) {
        final String expected = "a percentage in " + least + "%..100%";
        return text(expected, text -> {
            if (!text.matches("[0-9]{1,3}(\\.[0-9])?%")) {
                throw new IllegalArgumentException("'" + text + "' is not " + expected + "; write the % too");
            }
            final int perMille = new BigDecimal(text.substring(0, text.length() - 1))
                    .movePointRight(1)
                    .intValueExact();
            if (perMille < 10 * least || perMille > 1000) {
                throw new IllegalArgumentException(text + " is not in " + least + "%..100%");
            }
            return perMille;
        });
    }

    /** {@code true} or {@code false}. */
    static Kind<Boolean> flag() {
        final String expected = "true or false";
        return new Kind<>(expected, value -> switch (String.valueOf(value.unwrapped())) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(wrongType(expected, value));
        });
    }

    /** One of the constants, written in lower case with hyphens. */
    static <E extends Enum<E>> Kind<E> choice(final Class<E> type) {
        final List<String> names =
                Arrays.stream(type.getEnumConstants()).map(Kind::nameOf).toList();
        final String expected = "one of " + String.join(", ", names);
        return text(
                expected,
                text -> Arrays.stream(type.getEnumConstants())
                        .filter(constant -> nameOf(constant).equals(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not " + expected
                                + NearestName.among(names, text)
                                        .map(name -> "; did you mean " + name + "?")
                                        .orElse(""))));
    }

    /** As the configuration file writes it. */
    static String nameOf(final Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    <R> Kind<R> map(final Function<T, R> mapping) {
        return new Kind<>(expected, value -> mapping.apply(reader.apply(value)));
    }

    /** What to write, for a problem's text. */
    String expected() {
        return expected;
    }

    /** @throws IllegalArgumentException with a text for an operator */
    T read(final ConfigValue value) {
        return reader.apply(value);
    }

    static String wrongType(final String expected, final ConfigValue value) {
        return "wrong type: this is " + describe(value) + ", expected is " + expected;
    }

    private static String describe(final ConfigValue value) {
        return switch (value.valueType()) {
            case OBJECT -> "an object { }";
            case LIST -> "a list [ ]";
            case NUMBER -> "the number " + value.unwrapped();
            case BOOLEAN -> "the boolean " + value.unwrapped();
            case STRING -> "the text '" + value.unwrapped() + "'";
            case NULL -> "null";
        };
    }

    /** The largest unit that leaves no rest, as the configuration file writes it. */
    static String inWords(final Duration duration) {
        final long millis = duration.toMillis();
        return UNITS.stream()
                .filter(unit -> millis > 0 && millis % unit.millis == 0)
                .findFirst()
                .map(unit -> millis / unit.millis + unit.suffix)
                .orElse(millis + "ms");
    }

    private static final List<Unit> UNITS =
            List.of(new Unit(86_400_000, "d"), new Unit(3_600_000, "h"), new Unit(60_000, "m"), new Unit(1000, "s"));

    private record Unit(long millis, String suffix) {}

    private static Endpoint withPort(final Endpoint endpoint) {
        if (endpoint.port() == 0) {
            throw new IllegalArgumentException("'" + endpoint + "': port 0 is not in 1..65535");
        }
        return endpoint;
    }
}
