package org.ilbd.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.ilbd.daemon.datapath.Namespaces;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two hosts on one link, and a group. Needs root, or {@code unshare -Urnm}. */
class ClusterMulticastIT {
    @ParameterizedTest
    @CsvSource({
        "10.1.0.2:7440, 10.1.0.1:7440, 239.74.40.1:7440",
        "[2001:db8:1::2]:7440, [2001:db8:1::1]:7440, [ff02::7440]:7440"
    })
    void groupIsHeardByTheOthersAndNotByTheSender(String first, String second, String group) throws IOException {
        try (Namespaces namespaces = new Namespaces()) {
            Process one = namespaces.startJava("client", ClusterProcess.class, first, group);
            Process other = namespaces.startJava("ilb", ClusterProcess.class, second, group);
            try (BufferedReader heardByOne = one.inputReader(StandardCharsets.UTF_8);
                    BufferedReader heardByOther = other.inputReader(StandardCharsets.UTF_8)) {
                assertThat(heardByOne.readLine()).isEqualTo("ready");
                assertThat(heardByOther.readLine()).isEqualTo("ready");

                say(one, "hello");
                assertThat(heardByOther.readLine()).isEqualTo("hello from " + first);
                // The first line that the first one hears is the answer, not its own.
                say(other, "answer");
                assertThat(heardByOne.readLine()).isEqualTo("answer from " + second);
            }
        }
    }

    private static void say(Process process, String text) throws IOException {
        process.getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }
}
