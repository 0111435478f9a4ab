package org.ilbd.daemon.host;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.ilbd.daemon.StartupException;
import org.ilbd.daemon.config.Configuration;
import org.ilbd.daemon.config.ConfigurationLoader;
import org.ilbd.daemon.linux.Tun;

/**
 * A process with a host set-up, to be stopped or killed: {@code FILE}. Obeys lines on its standard input: the name of
 * another configuration to go over to; the end of the input stops it.
 */
final class HostNetworkProcess {
    private HostNetworkProcess() {}

    public static void main(final String[] arguments) throws Exception {
        try {
            run(arguments);
        } catch (final StartupException e) {
            System.out.println(e.exitCode().number() + " " + e.getMessage());
        }
    }

    private static void run(final String[] arguments) throws Exception {
        final Configuration configuration = ConfigurationLoader.load(Path.of(arguments[0]));
        HostRequirements.check(configuration);
        try (Tun tun = Tun.open(configuration.datapath().tun());
                HostNetwork host = HostNetwork.start(
                        configuration.datapath().interfaceName(), tun.name(), configuration.serviceConfigs())) {
            System.out.println("ready");
            final BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line = input.readLine();
            while (line != null) {
                host.apply(ConfigurationLoader.load(Path.of(line)).serviceConfigs());
                System.out.println("applied");
                line = input.readLine();
            }
        }
        System.out.println("stopped");
    }
}
