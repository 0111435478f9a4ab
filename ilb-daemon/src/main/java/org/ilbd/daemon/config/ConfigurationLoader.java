package org.ilbd.daemon.config;

import com.typesafe.config.ConfigObject;
import java.nio.file.Path;
import java.util.Optional;

/** Reads and checks a configuration file. */
public final class ConfigurationLoader {
    private ConfigurationLoader() {}

    /**
     * The configuration in a file and in those that it includes. Reads the key file too.
     *
     * @throws ConfigurationException with every problem that there is
     */
    public static Configuration load(final Path file) throws ConfigurationException {
        final Problems problems = new Problems();
        final Optional<ConfigObject> object = HoconFile.read(file, problems);
        problems.throwIfAny();

        final Section root = new Section(object.orElseThrow(), "", problems);
        final Optional<Section> ilb = root.requiredSection("ilb", "an object: ilb { cluster { ... } ... }");
        root.finish();
        if (ilb.isEmpty()) {
            problems.throwIfAny();
        }
        final Section section = ilb.orElseThrow();
        final ClusterReader cluster = new ClusterReader(section.section("cluster"), file, problems);
        final LocalReader local = new LocalReader(section, problems);
        final ServicesReader services = new ServicesReader(
                section.requiredSection("services", "an object with one object for each service"),
                ZonesReader.read(section.section("zones"), cluster.zone(), problems),
                problems);
        section.finish();
        ServiceChecks.check(services.services(), cluster.addresses(), problems);
        problems.throwIfAny();
        return new Configuration(
                cluster.settings(),
                local.datapath(),
                local.connections(),
                local.cache(),
                services.settings(),
                local.admin());
    }
}
