package org.ilbd.daemon.config;

import java.time.Duration;
import java.util.regex.Pattern;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.packet.Endpoint;

/** The parts of the file that are about this host alone: datapath, connections, cache, admin. */
final class LocalReader {
    /** IFNAMSIZ is 16 with the terminating zero (linux/if.h); the kernel refuses '/' and ':' (dev_valid_name). */
    private static final Pattern DEVICE_NAME = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9_.-]{1,15}");

    private static final String DEFAULT_TUN = "ilb0";

    private static final Kind<Duration> BUSY_POLL = Kind.duration(Duration.ZERO, Duration.ofMillis(1));
    /** About what it costs to sleep and be woken on a virtual machine: whoever looks longer loses more than it can win. */
    private static final Duration DEFAULT_BUSY_POLL = Duration.ofNanos(30_000);

    /** At 64 bytes each: at most 6.4 GB of memory. */
    private static final Kind<Integer> CAPACITY = Kind.integer(1, 100_000_000);
    /** Times in the tables are 32-bit milliseconds whose differences are compared: far below 2^31 ms, 24 days. */
    private static final Kind<Duration> TIMEOUT = Kind.duration(Duration.ofMillis(100), Duration.ofDays(7));

    private static final int DEFAULT_ESTABLISHED = 1_000_000;
    /** As many as arrive within the timeout at 10,000 new connections a second. */
    private static final int DEFAULT_HALF_OPEN = 100_000;
    /** Where a tenth of the connections come from a client of their own. */
    private static final int DEFAULT_CLIENTS = 100_000;
    /** A client sends its SYN again after 1, 3 and 7 s (RFC 6298, 5.5): the third still finds the association. */
    private static final Duration DEFAULT_HALF_OPEN_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration DEFAULT_ESTABLISHED_TIMEOUT = Duration.ofHours(1);
    /** Retransmissions of the last segments still find their server. */
    private static final Duration DEFAULT_CLOSING_TIMEOUT = Duration.ofSeconds(30);

    private static final int DEFAULT_CACHE_CAPACITY = 1_000_000;
    private static final Duration DEFAULT_CACHE_TIMEOUT = Duration.ofMinutes(5);
    private static final Endpoint DEFAULT_ADMIN = Endpoint.parse("127.0.0.1:7480");

    private final DatapathSettings datapath;
    private final ConnectionSettings connections;
    private final CacheSettings cache;
    private final AdminSettings admin;

    LocalReader(final Section ilb, final Problems problems) {
        datapath = readDatapath(ilb.section("datapath"), problems);
        connections = readConnections(ilb.section("connections"));
        cache = readCache(ilb.section("cache"));
        admin = readAdmin(ilb.section("admin"));
    }

    DatapathSettings datapath() {
        return datapath;
    }

    ConnectionSettings connections() {
        return connections;
    }

    CacheSettings cache() {
        return cache;
    }

    AdminSettings admin() {
        return admin;
    }

    private static DatapathSettings readDatapath(final Section section, final Problems problems) {
        final Kind<String> device = Kind.text("the name of a network interface", LocalReader::deviceName);
        final String interfaceName =
                section.required("interface", device).map(Located::value).orElse("");
        final String tun = section.value("tun", device, DEFAULT_TUN);
        final Duration busyPoll = section.value("busy-poll", BUSY_POLL, DEFAULT_BUSY_POLL);
        section.finish();
        if (interfaceName.equals(tun)) {
            problems.add(
                    section.placeOf("tun"),
                    section.pathOf("tun"),
                    tun + " is the interface too; ilbd makes the TUN device itself, so give it a name that is free");
        }
        return new DatapathSettings(interfaceName, tun, busyPoll);
    }

    private static ConnectionSettings readConnections(final Section section) {
        final ConnectionSettings settings = new ConnectionSettings(
                section.value("established", CAPACITY, DEFAULT_ESTABLISHED),
                section.value("half-open", CAPACITY, DEFAULT_HALF_OPEN),
                section.value("clients", CAPACITY, DEFAULT_CLIENTS),
                section.value("half-open-timeout", TIMEOUT, DEFAULT_HALF_OPEN_TIMEOUT),
                section.value("established-timeout", TIMEOUT, DEFAULT_ESTABLISHED_TIMEOUT),
                section.value("closing-timeout", TIMEOUT, DEFAULT_CLOSING_TIMEOUT));
        section.finish();
        return settings;
    }

    private static CacheSettings readCache(final Section section) {
        final CacheSettings settings = new CacheSettings(
                section.value("fill", Kind.choice(CacheFill.class), CacheFill.BROADCAST),
                section.value("capacity", CAPACITY, DEFAULT_CACHE_CAPACITY),
                section.value("timeout", TIMEOUT, DEFAULT_CACHE_TIMEOUT));
        section.finish();
        return settings;
    }

    private static AdminSettings readAdmin(final Section section) {
        final AdminSettings settings = new AdminSettings(section.value("listen", Kind.ENDPOINT, DEFAULT_ADMIN));
        section.finish();
        return settings;
    }

    private static String deviceName(final String text) {
        if (!DEVICE_NAME.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not the name of a network interface: 1..15 letters,"
                    + " digits, '-', '_' and '.'");
        }
        return text;
    }
}
