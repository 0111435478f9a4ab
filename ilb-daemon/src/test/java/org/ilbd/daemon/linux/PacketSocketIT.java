package org.ilbd.daemon.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.ilbd.daemon.datapath.Namespaces;
import org.junit.jupiter.api.Test;

/** Real frames on a wire between two namespaces. Needs root, or {@code unshare -Urnm}. */
class PacketSocketIT {
    @Test
    void frameThatIsRefusedKeepsNoOtherFromBeingSent() throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            namespaces.run("server", "nft add table netdev test");
            namespaces.run(
                    "server", "nft add chain netdev test in { type filter hook ingress device s0 priority 0 ; }");
            namespaces.run("server", "nft add rule netdev test in ether type 0x88b5 counter");

            assertThat(send(namespaces, "60", "9000", "9000", "1514", "60", "1515"))
                    .isEqualTo("refused [-90, -90, -90], left 0");
            assertThat(namespaces.run("server", "nft list table netdev test")).contains("counter packets 3 ");
        }
    }

    private static String send(Namespaces namespaces, String... lengths) throws Exception {
        String[] arguments = new String[lengths.length + 1];
        arguments[0] = "i1";
        System.arraycopy(lengths, 0, arguments, 1, lengths.length);
        Process process = namespaces.startJava("ilb", FramesProcess.class, arguments);
        return process.inputReader(StandardCharsets.UTF_8).readLine();
    }
}
