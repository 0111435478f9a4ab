package org.ilbd.daemon.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;

/** {@code ilb.cluster}: reads it, reports what is wrong, and makes the settings if nothing is. */
final class ClusterReader {
    private static final int DEFAULT_PORT = 7440;
    /** A peer on the same network answers within 1 ms, so 100 ms leave room for a pause of its process. */
    private static final Duration DEFAULT_HEARTBEAT = Duration.ofMillis(100);
    /** Four heartbeats: three may be lost in a row before a living peer is taken for dead. */
    private static final Duration DEFAULT_FAILURE_TIMEOUT = Duration.ofMillis(400);

    private static final Kind<Duration> HEARTBEAT = Kind.duration(Duration.ofMillis(10), Duration.ofSeconds(10));
    private static final Kind<Duration> FAILURE_TIMEOUT = Kind.duration(Duration.ofMillis(30), Duration.ofMinutes(5));

    private final Problems problems;
    private final Optional<Located<IlbId>> id;
    private final Optional<Located<IpAddress>> bind;
    private final int port;
    private final List<Located<Endpoint>> peers;
    private final Optional<Located<IpAddress>> multicast;
    private final List<ClusterKey> keys;
    private final Duration heartbeat;
    private final Duration failureTimeout;
    private final OwnershipMode ownership;
    private final long seed;
    private final Optional<Located<Integer>> zone;
    private final Optional<Path> loadCgroup;

    /** @param file that a relative {@code key-file} is relative to */
    ClusterReader(final Section section, final Path file, final Problems problems) {
        this.problems = problems;
        id = section.required("id", Kind.text("an IP address or an index, unique in the cluster", IlbId::parse));
        bind = section.required("bind", Kind.ADDRESS);
        port = section.value("port", Kind.PORT, DEFAULT_PORT);
        peers = section.list("peers", Kind.endpoint(port));
        multicast = section.optional("multicast", Kind.ADDRESS);
        keys = section.optional("key-file", Kind.TEXT)
                .map(name -> KeyFile.read(file.resolveSibling(name.value()), name, problems))
                .orElse(List.of());
        heartbeat = section.value("heartbeat-interval", HEARTBEAT, DEFAULT_HEARTBEAT);
        failureTimeout = section.value("failure-timeout", FAILURE_TIMEOUT, DEFAULT_FAILURE_TIMEOUT);
        ownership = section.value("ownership", Kind.choice(OwnershipMode.class), OwnershipMode.CRC32_MIXED);
        seed = section.value("seed", Kind.wholeNumber(Long.MIN_VALUE, Long.MAX_VALUE), 0L);
        zone = section.optional("zone", ZonesReader.ZONE);
        loadCgroup = section.optional("load-cgroup", Kind.TEXT).map(name -> file.resolveSibling(name.value()));
        section.finish();

        checkTimes(section);
        bind.ifPresent(this::checkBind);
        multicast.ifPresent(this::checkMulticast);
        checkPeers();
    }

    /** The addresses of this ILB and of its peers, which no VIP can have. */
    List<Located<IpAddress>> addresses() {
        final List<Located<IpAddress>> addresses = new ArrayList<>();
        bind.ifPresent(addresses::add);
        for (final Located<Endpoint> peer : peers) {
            addresses.add(new Located<>(peer.value().address(), peer.path(), peer.place()));
        }
        return addresses;
    }

    /** The zone that this ILB is in. */
    Optional<Located<Integer>> zone() {
        return zone;
    }

    /** To be called only if there is no problem. */
    ClusterSettings settings() {
        return new ClusterSettings(
                id.orElseThrow().value(),
                new Endpoint(bind.orElseThrow().value(), port),
                peers.stream().map(Located::value).toList(),
                multicast.map(group -> new Endpoint(group.value(), port)),
                keys,
                heartbeat,
                failureTimeout,
                ownership,
                seed,
                loadCgroup);
    }

    private void checkTimes(final Section section) {
        if (heartbeat.multipliedBy(2).compareTo(failureTimeout) >= 0) {
            final String key = section.has("failure-timeout") ? "failure-timeout" : "heartbeat-interval";
            problems.add(
                    section.placeOf(key),
                    section.pathOf(key),
                    "failure-timeout (" + Kind.inWords(failureTimeout)
                            + ") must be more than twice the heartbeat-interval (" + Kind.inWords(heartbeat)
                            + "), or one lost message makes a peer dead");
        }
    }

    private void checkBind(final Located<IpAddress> address) {
        if (address.value().isUnspecified() || address.value().isMulticast()) {
            problems.add(
                    address,
                    address.value() + " is not the address of one host; peers know this ILB by the address that its"
                            + " messages come from, so write that one");
        } else if (ServiceChecks.isLinkLocal(address.value())) {
            problems.add(address, address.value() + " is link-local; an address that is routed is needed");
        }
    }

    private void checkMulticast(final Located<IpAddress> group) {
        if (!group.value().isMulticast()) {
            problems.add(group, group.value() + " is not a multicast group; one in 239.0.0.0/8 or ff05::/16 is right");
        }
        if (!peers.isEmpty()) {
            problems.add(group, "both peers and multicast are set; leave one of them out");
        }
        checkFamily(group, group.value());
    }

    private void checkPeers() {
        final Map<Endpoint, Located<Endpoint>> seen = new HashMap<>();
        for (final Located<Endpoint> peer : peers) {
            final IpAddress address = peer.value().address();
            final Located<Endpoint> earlier = seen.putIfAbsent(peer.value(), peer);
            if (earlier != null) {
                problems.add(peer, peer.value() + " is listed already at " + earlier.place());
            } else if (bind.isPresent()
                    && peer.value().equals(new Endpoint(bind.get().value(), port))) {
                problems.add(peer, peer.value() + " is this ILB itself; list only the others");
            } else if (id.isPresent() && IlbId.of(address).equals(id.get().value()) && !isBind(address)) {
                problems.add(
                        id.get(),
                        id.get().value() + " is the address of a peer (" + peer.place()
                                + "); every ILB needs an id of its own");
            } else if (address.isUnspecified() || address.isMulticast()) {
                problems.add(peer, address + " is not the address of one host");
            }
            checkFamily(peer, address);
        }
    }

    private boolean isBind(final IpAddress address) {
        return bind.isPresent() && bind.get().value().equals(address);
    }

    private void checkFamily(final Located<?> setting, final IpAddress address) {
        if (bind.isPresent() && bind.get().value().ipv6() != address.ipv6()) {
            problems.add(
                    setting,
                    address + " and bind (" + bind.get().value()
                            + ") are of different address families; messages go from one to the other, so use one"
                            + " family");
        }
    }
}
