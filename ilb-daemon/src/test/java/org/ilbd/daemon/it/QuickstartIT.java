package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code deploy/quickstart --once}, as somebody runs it who sees ilbd for the first time. */
@Tag("alone")
class QuickstartIT {
    /** It says a minute for a machine that has nothing else to do. */
    private static final long MOST_SECONDS = 240;

    /**
     * A tree that has been built, in which nobody but its owner may write: what the quickstart reads, and no more. $1 is the source
     * tree, $2 where the copy goes.
     */
    private static final String COPY = """
            set -e
            mkdir $2
            cd $1
            cp -a --parents deploy config pom.xml ilb-*/pom.xml ilb-*/src/main ilb-daemon/target/ilbd $2
            touch $2/ilb-daemon/target/ilbd/.built
            chmod -R a+rX,go-w $2
            """;

    /**
     * Names of namespaces and a lock in /tmp are its own: another quickstart may be running. $1 is the test's directory, which is likely to be
     * in /tmp.
     */
    private static final String ALONE = """
            set -e
            mkdir -m 1777 $1/tmp
            mount --bind $1 /mnt
            mount --bind /mnt/tmp /tmp
            mkdir -p /run/netns
            mount -t tmpfs tmpfs /run/netns
            """;

    private static final String AS_ROOT = ALONE + """
            exec /mnt/tree/deploy/quickstart --once
            """;

    /**
     * Makes /dev/net/tun what it is on most distributions, for this process only, and becomes nobody. A tmpfs of its own, since
     * /tmp may not allow devices.
     */
    private static final String AS_NOBODY = ALONE + """
            mkdir /mnt/dev /mnt/home
            chown 65534:65534 /mnt/home
            mount -t tmpfs tmpfs /mnt/dev
            mknod -m 666 /mnt/dev/tun c 10 200
            mount --bind /mnt/dev/tun /dev/net/tun
            exec setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/mnt/home /mnt/tree/deploy/quickstart --once
            """;

    @RegisterExtension
    final Lab lab = new Lab().compiledInFull();

    @Test
    void runsForRoot() throws IOException {
        run(AS_ROOT);
    }

    @Test
    void runsForAPlainUser() throws IOException {
        assumeTrue(Users.canChange(), "only root can become somebody else");
        Users.openToAll(lab.directory());
        run(AS_NOBODY);
    }

    private void run(String script) throws IOException {
        Path directory = lab.directory();
        Path tree = directory.resolve("tree");
        assertThat(start("copy", COPY, Lab.TOP, tree).awaitEnd()).isZero();

        Child quickstart = lab.launch(
                "quickstart",
                List.of("unshare", "--mount", "--", "bash", "-c", script, "quickstart", directory.toString()));

        try {
            assertThat(quickstart.awaitEnd(MOST_SECONDS))
                    .as(quickstart::toString)
                    .isZero();
        } finally {
            quickstart.terminate();
        }
        assertThat(quickstart.output())
                .contains("1000 of 1000", "300 answered", "all 60 survived", "All went as it should")
                .doesNotContain("Building");
        try (Stream<Path> left = Files.list(directory.resolve("tmp"))) {
            assertThat(left.map(Path::getFileName).map(Path::toString)).allMatch(name -> name.endsWith(".lock"));
        }
    }

    private Child start(String name, String script, Path from, Path to) {
        return lab.launch(name, List.of("bash", "-c", script, name, from.toString(), to.toString()));
    }
}
