package org.ilbd.daemon.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.ilbd.core.engine.Zones;
import org.ilbd.core.packet.IpPrefix;

/** {@code ilb.zones}: which clients are in which zone. */
final class ZonesReader {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");

    /** The name of a zone, as the number that stands for it. */
    static final Kind<Integer> ZONE =
            Kind.text("the name of a zone", ZonesReader::requireName).map(Zones::number);

    private static final Kind<IpPrefix> PREFIX = Kind.text("a prefix such as \"10.1.0.0/16\"", IpPrefix::parse);

    private ZonesReader() {}

    /** @param own the zone of this ILB */
    static Zones read(final Section section, final Optional<Located<Integer>> own, final Problems problems) {
        final List<Zones.Client> clients = new ArrayList<>();
        final Map<IpPrefix, Located<IpPrefix>> seen = new HashMap<>();
        for (final String name : section.names()) {
            if (!NAME.matcher(name).matches()) {
                problems.add(section.placeOf(name), section.pathOf(name), wrongName(name));
            }
            for (final Located<IpPrefix> prefix : section.list(name, PREFIX)) {
                final Located<IpPrefix> earlier = seen.putIfAbsent(prefix.value(), prefix);
                if (earlier != null) {
                    problems.add(prefix, prefix.value() + " is listed already at " + earlier.place());
                }
                clients.add(new Zones.Client(prefix.value(), Zones.number(name)));
            }
        }
        return new Zones(own.map(Located::value).orElse(Zones.NOWHERE), clients);
    }

    private static String requireName(final String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(wrongName(name));
        }
        return name;
    }

    private static String wrongName(final String name) {
        return "'" + name + "' is not the name of a zone: 1..63 letters, digits, '-', '_' and '.'";
    }
}
