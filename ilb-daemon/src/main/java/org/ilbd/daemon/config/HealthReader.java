package org.ilbd.daemon.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.config.HealthProbe.StatusRange;
import org.ilbd.daemon.config.HealthProbe.Tls;

/** {@code health} and {@code agent} of one service. */
final class HealthReader {
    /** Every type of check, as the file names it. */
    private enum Type {
        TCP,
        HTTP,
        HTTPS,
        EXEC,
        NONE
    }

    private static final Kind<Duration> TIME = Kind.duration(Duration.ofMillis(10), Duration.ofHours(1));
    private static final Kind<Integer> CHECKS = Kind.integer(1, 100);
    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(1);
    private static final Duration DEFAULT_TIMEOUT = Duration.ofMillis(500);
    /** Two in a row: one lost SYN takes no server away. */
    private static final int DEFAULT_CHECKS = 2;

    /** As with HAProxy's agent-inter. */
    private static final Duration DEFAULT_AGENT_INTERVAL = Duration.ofSeconds(2);

    private static final Set<Type> ALL_WITH_CONNECTION = EnumSet.of(Type.TCP, Type.HTTP, Type.HTTPS);
    private static final Set<Type> ALL_HTTP = EnumSet.of(Type.HTTP, Type.HTTPS);
    private static final Set<Type> HTTPS_ONLY = EnumSet.of(Type.HTTPS);
    private static final Set<Type> EXEC_ONLY = EnumSet.of(Type.EXEC);
    private static final Set<Type> ALL_CHECKING = EnumSet.complementOf(EnumSet.of(Type.NONE));

    /** RFC 9110, 15: a status has three digits, the first 1 to 5. */
    private static final Pattern STATUS = Pattern.compile("([1-5]\\d\\d)(?:-([1-5]\\d\\d))?");

    private static final List<StatusRange> DEFAULT_STATUS = List.of(new StatusRange(200, 399));
    /** Visible ASCII: what a request line or a header can carry without being cut in two (RFC 9112, 3.2). */
    private static final Pattern VISIBLE = Pattern.compile("[!-~]{1,2048}");

    private static final Kind<String> PATH = Kind.text("a path such as \"/healthz\"", text -> {
        if (!text.startsWith("/") || !VISIBLE.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a path such as \"/healthz\": it starts with / and has no blanks");
        }
        return text;
    });
    private static final Kind<String> NAME = Kind.text("a host name such as \"www.example.com\"", text -> {
        if (!VISIBLE.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a host name such as \"www.example.com\"");
        }
        return text;
    });
    private static final Kind<Boolean> HEAD = Kind.text("GET or HEAD", text -> switch (text) {
        case "GET" -> false;
        case "HEAD" -> true;
        default -> throw new IllegalArgumentException("'" + text + "' is not GET or HEAD");
    });
    private static final Kind<Boolean> FLAG = Kind.flag();

    private final Problems problems;

    HealthReader(final Problems problems) {
        this.problems = problems;
    }

    /** @param vip of the service, as far as it could be read */
    HealthSettings readHealth(final Section section, final Optional<Endpoint> vip) {
        final Type type = section.value("type", Kind.choice(Type.class), Type.TCP);
        final Duration interval = section.value("interval", TIME, DEFAULT_INTERVAL);
        final HealthSettings health = new HealthSettings(
                readProbe(section, type),
                interval,
                within(section, "fast-interval", interval, interval, ""),
                within(section, "timeout", interval, DEFAULT_TIMEOUT, "; a check must end before the next one starts"),
                section.value("rise", CHECKS, DEFAULT_CHECKS),
                section.value("fall", CHECKS, DEFAULT_CHECKS),
                readSource(section, type, vip),
                only(section, "port", type, ALL_CHECKING, Kind.PORT));
        section.finish();
        return health;
    }

    /** The agents of the servers, if the service has them. */
    Optional<AgentSettings> readAgent(final Section service) {
        return service.has("agent")
                ? service.requiredSection("agent", "an object").map(this::readAgentSection)
                : Optional.empty();
    }

    private AgentSettings readAgentSection(final Section section) {
        final Duration interval = section.value("interval", TIME, DEFAULT_AGENT_INTERVAL);
        final AgentSettings agent = new AgentSettings(
                section.required("port", Kind.PORT).map(Located::value).orElse(1),
                interval,
                within(section, "timeout", interval, interval, "; an answer must have come before the next question"),
                section.value("send", Kind.TEXT, ""));
        section.finish();
        return agent;
    }

    private HealthProbe readProbe(final Section section, final Type type) {
        final Optional<Boolean> head = only(section, "method", type, ALL_HTTP, HEAD);
        final Optional<String> path = only(section, "path", type, ALL_HTTP, PATH);
        final Optional<String> host = only(section, "host", type, ALL_HTTP, NAME);
        final List<StatusRange> expected = applies(section, "status", type, ALL_HTTP) ? readStatus(section) : List.of();
        final Tls tls = new Tls(
                only(section, "verify", type, HTTPS_ONLY, FLAG).orElse(true),
                only(section, "server-name", type, HTTPS_ONLY, NAME),
                applies(section, "ca-file", type, HTTPS_ONLY) ? readAuthorities(section) : List.of());
        final List<String> command = applies(section, "command", type, EXEC_ONLY) ? readCommand(section) : List.of();
        return switch (type) {
            case NONE -> new HealthProbe.None();
            case TCP -> new HealthProbe.Tcp();
            case HTTP, HTTPS ->
                new HealthProbe.Http(
                        head.orElse(false),
                        path.orElse("/"),
                        expected,
                        host,
                        type == Type.HTTPS ? Optional.of(tls) : Optional.empty());
            case EXEC -> new HealthProbe.Exec(command);
        };
    }

    private static List<StatusRange> readStatus(final Section section) {
        final Kind<StatusRange> kind = Kind.text("a status or a range such as \"200-299\"", text -> {
            final Matcher matcher = STATUS.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("'" + text + "' is not a status or a range such as \"200-299\"");
            }
            final int first = Integer.parseInt(matcher.group(1));
            final int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (first > last) {
                throw new IllegalArgumentException("'" + text + "': the range is the wrong way round");
            }
            return new StatusRange(first, last);
        });
        final List<StatusRange> ranges =
                section.list("status", kind).stream().map(Located::value).toList();
        return ranges.isEmpty() ? DEFAULT_STATUS : ranges;
    }

    private List<String> readCommand(final Section section) {
        final List<Located<String>> command = section.list("command", Kind.TEXT);
        if (command.isEmpty()) {
            problems.add(
                    section.placeOf("command"),
                    section.pathOf("command"),
                    "expected is a list with the path of a program and its arguments");
        } else {
            final Path program = Path.of(command.getFirst().value());
            if (!program.isAbsolute() || !Files.isRegularFile(program) || !Files.isExecutable(program)) {
                problems.add(
                        command.getFirst(), program + " is not the absolute path of a program that can be run here");
            }
        }
        return command.stream().map(Located::value).toList();
    }

    /** Relative to the file that names it. */
    private List<X509Certificate> readAuthorities(final Section section) {
        final Optional<Located<String>> setting = section.optional("ca-file", Kind.TEXT);
        final List<X509Certificate> authorities = new ArrayList<>();
        setting.ifPresent(located -> {
            final Path file = Path.of(located.place().file()).resolveSibling(located.value());
            try (InputStream stream = Files.newInputStream(file)) {
                CertificateFactory.getInstance("X.509")
                        .generateCertificates(stream)
                        .forEach(certificate -> authorities.add((X509Certificate) certificate));
                if (authorities.isEmpty()) {
                    problems.add(located, file + ": there is no certificate in the file");
                }
            } catch (final IOException e) {
                problems.add(located, file + ": " + HoconFile.reason(file, e));
            } catch (final CertificateException e) {
                problems.add(located, file + ": these are not certificates in PEM: " + e.getMessage());
            }
        });
        return authorities;
    }

    private Optional<IpAddress> readSource(final Section section, final Type type, final Optional<Endpoint> vip) {
        if (!applies(section, "source", type, ALL_WITH_CONNECTION)) {
            return Optional.empty();
        }
        final Optional<Located<IpAddress>> source = section.optional("source", Kind.ADDRESS);
        source.ifPresent(located -> {
            final IpAddress address = located.value();
            if (address.isUnspecified() || address.isMulticast()) {
                problems.add(located, address + " is not the address of one host");
            } else if (vip.isPresent() && vip.get().address().ipv6() != address.ipv6()) {
                problems.add(located, address + " is not of the VIP's address family (" + vip.get() + ")");
            }
        });
        return source.map(Located::value);
    }

    private <T> Optional<T> only(
            final Section section, final String key, final Type type, final Set<Type> types, final Kind<T> kind) {
        return applies(section, key, type, types) ? section.optional(key, kind).map(Located::value) : Optional.empty();
    }

    /** False, and reported, if a setting is there that says nothing to this type of check. */
    private boolean applies(final Section section, final String key, final Type type, final Set<Type> types) {
        final boolean applies = types.contains(type);
        if (section.has(key) && !applies) {
            problems.add(
                    section.placeOf(key),
                    section.pathOf(key),
                    "this is for type = "
                            + types.stream().map(Kind::nameOf).collect(Collectors.joining(", "))
                            + " only, and the type is " + Kind.nameOf(type));
        }
        return applies;
    }

    private Duration within(
            final Section section,
            final String key,
            final Duration interval,
            final Duration fallback,
            final String reason) {
        final Optional<Located<Duration>> time = section.optional(key, TIME);
        if (time.isPresent() && time.get().value().compareTo(interval) > 0) {
            problems.add(
                    time.get(),
                    Kind.inWords(time.get().value()) + " is longer than the interval (" + Kind.inWords(interval) + ")"
                            + reason);
        }
        return time.map(Located::value).orElse(interval.compareTo(fallback) < 0 ? interval : fallback);
    }
}
