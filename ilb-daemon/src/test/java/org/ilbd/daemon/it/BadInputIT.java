package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an operator sees who has made a mistake: the exit code that says of which kind, and a line for each problem. */
class BadInputIT {
    private static final int CONFIGURATION = 3;
    private static final int PERMISSION = 4;
    private static final int BIND = 5;

    @RegisterExtension
    final Lab lab = new Lab();

    @Test
    void eachProblemOfAFileIsOneLineWithItsPlace() throws IOException {
        lab.up("--ilbs", "1");
        Path file = write("""
                ilb {
                  cluster { id = "10.2.0.11", bind = "10.2.0.11", port = many }
                  datapath { interface = eth0, tun = ilb0 }
                  services {
                    web { vip = "10.9.0.1:80", servers = [ { address = "10.2.0.101" } ], colour = blue }
                    web2 { vip = "10.9.0.1:80", servers = [ { address = "10.2.0.102" } ] }
                    self { vip = "10.9.0.2:80", servers = [ { address = "10.9.0.2" } ] }
                  }
                }
                """);

        Child ilbd = Ilb.launch(lab, "ilb1", file);

        assertThat(ilbd.awaitEnd()).isEqualTo(CONFIGURATION);
        assertThat(ilbd.output()).isEmpty();
        assertThat(ilbd.errors().lines())
                .as(ilbd.errors())
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line)
                                .startsWith(file + ":2: ilb.cluster.port:")
                                .contains("many"),
                        line -> assertThat(line).startsWith(file + ":5: ilb.services.web.colour:"),
                        line -> assertThat(line)
                                .startsWith(file + ":6: ilb.services.web2.vip:")
                                .contains("10.9.0.1:80"),
                        line -> assertThat(line)
                                .startsWith(file + ":7: ilb.services.self")
                                .contains("VIP"));
    }

    @Test
    void aFileThatIsMissingIsAnErrorOfTheConfiguration() {
        lab.up("--ilbs", "1");
        assertEndsWith(CONFIGURATION, Ilb.launch(lab, "ilb1", Path.of("/nowhere/ilb.conf")), "/nowhere/ilb.conf");
    }

    @Test
    void anInterfaceThatDoesNotExistCannotBeUsed() throws IOException {
        lab.up("--ilbs", "1");
        Path file = write(lab.configuration(1).replace("interface = eth0", "interface = eth7"));
        assertEndsWith(BIND, Ilb.launch(lab, "ilb1", file), "eth7");
    }

    @Test
    void aControlGroupThatIsNoneCannotBeMeasured() throws IOException {
        lab.up("--ilbs", "1");
        Path file = write(lab.configuration(1, "--set", "ilb.cluster.load-cgroup = /etc"));
        assertEndsWith(CONFIGURATION, Ilb.launch(lab, "ilb1", file), "load-cgroup");
    }

    @Test
    void aVipThatIsTheHostsOwnCannotBeUsed() throws IOException {
        lab.up("--ilbs", "1");
        lab.run("ilb1", "ip", "address", "add", "10.9.0.1/32", "dev", "lo");
        assertEndsWith(BIND, Ilb.launch(lab, "ilb1", write(lab.configuration(1))), "10.9.0.1");
    }

    @Test
    void anAdminPortInUseCannotBeUsedAndTheHostStaysAsItWas() throws IOException {
        lab.up("--ilbs", "1");
        lab.startServer("other", "ilb1", 7480);
        String before = lab.run("ilb1", "ip", "-o", "link");

        assertEndsWith(BIND, Ilb.launch(lab, "ilb1", write(lab.configuration(1))), "7480");

        assertThat(lab.run("ilb1", "ip", "-o", "link")).isEqualTo(before);
        assertThat(lab.run("ilb1", "ip", "route")).doesNotContain("10.9.0.1");
    }

    @Test
    void aSecondIlbdOnTheSameHostCannotHaveTheSameDevice() throws IOException {
        lab.up("--ilbs", "1");
        lab.startIlbs(1);
        Path file = write(lab.configuration(1, "--set", "ilb.admin.listen = \"127.0.0.1:7481\""));
        assertEndsWith(BIND, Ilb.launch(lab, "ilb1", file), "ilb0");
        // The first goes on.
        assertThat(lab.run("ilb1", "ip", "route", "show", "10.9.0.1")).contains("dev ilb0");
    }

    @Test
    void withoutPermissionItSaysWhichIsMissing() throws IOException {
        lab.up("--ilbs", "1");
        Path file = write(lab.configuration(1));
        assertEndsWith(PERMISSION, launch(file, "setpriv", "--bounding-set=-all", "--inh-caps=-all"), "CAP_NET_ADMIN");
        if (Users.canChange()) {
            Users.openToAll(lab.directory());
            assertEndsWith(
                    PERMISSION,
                    launch(file, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                    "CAP_NET_ADMIN");
        }
    }

    private Child launch(Path file, String... before) {
        List<String> command = new ArrayList<>(List.of(before));
        command.addAll(List.of(Lab.DISTRIBUTION.resolve("bin/ilbd").toString(), "--config", file.toString()));
        return lab.start("ilbd", "ilb1", command);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(lab.directory().resolve("ilb.conf"), text);
    }

    /** One problem, one line, nothing on standard output. */
    private static void assertEndsWith(int exitCode, Child ilbd, String word) {
        assertThat(ilbd.awaitEnd()).as(ilbd::errors).isEqualTo(exitCode);
        assertThat(ilbd.output()).isEmpty();
        assertThat(ilbd.errors().lines()).as(ilbd.errors()).hasSize(1);
        assertThat(ilbd.errors()).contains(word).doesNotContain("Exception");
    }
}
