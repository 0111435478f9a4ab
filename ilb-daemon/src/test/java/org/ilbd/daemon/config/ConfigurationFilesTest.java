package org.ilbd.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be wrong with the files themselves: HOCON's grammar, includes, the key file. */
class ConfigurationFilesTest {
    private static final String KEY = "00112233445566778899aabbccddeeff";
    private static final String OTHER_KEY = KEY.replace('0', '1');
    private static final String WITH_KEY_FILE = """
            ilb {
              cluster { id = 1, bind = "10.2.0.11", key-file = cluster.key }
              datapath.interface = eth0
              services.web { vip = "10.9.0.1:80", servers = [] }
            }
            """;

    @TempDir
    Path directory;

    @Test
    void aMissingFileIsOneProblem() {
        assertThat(problems(directory.resolve("none.conf"))).isEqualTo("none.conf: there is no such file");
        assertThat(problems(directory)).endsWith(": this is a directory, not a file");
    }

    @Test
    void aFileThatIsNotTextIsOneProblem() throws IOException {
        final Path file = Files.write(directory.resolve("ilb.conf"), new byte[] {(byte) 0xFF, (byte) 0xFE, 0, 1});

        assertThat(problems(file)).isEqualTo("ilb.conf: the file is not UTF-8 text");
    }

    @Test
    void mistakesInTheGrammarHaveTheirLine() throws IOException {
        assertThat(problems(write("ilb.conf", "ilb {\n  cluster {\n    id = 1\n  }\n")))
                .isEqualTo("ilb.conf:5: the file ends inside an object or a list: a closing } or ] is missing");
        assertThat(problems(write("ilb.conf", "ilb {\n  id = \"1\n}\n")))
                .isEqualTo("ilb.conf:2: a text in double quotes does not end on its line");
        assertThat(problems(write("ilb.conf", "ilb {\n  vip = 10.9.0.1:80\n}\n")))
                .isEqualTo("ilb.conf:2: Expecting close brace } or a comma, got ':' (a text with ':' and the like"
                        + " needs double quotes)");
        assertThat(problems(write("ilb.conf", "[ 1 ]\n")))
                .isEqualTo("ilb.conf:1: the file is a list; expected is an object that starts with ilb {");
        assertThat(problems(write("ilb.conf", "ilb {\n  a = ${nowhere}\n}\n")))
                .isEqualTo("ilb.conf:2: Could not resolve substitution to a value: ${nowhere}");
    }

    @Test
    void aWrongValueFromTheEnvironmentPointsToTheObjectThatTakesIt() throws Exception {
        final String path = System.getenv("PATH");
        assertThat(path).isNotEmpty();

        assertThat(problems(write("ilb.conf", WITH_KEY_FILE.replace("key-file = cluster.key", "port = ${PATH}"))))
                .isEqualTo("ilb.conf:2: ilb.cluster.port: '" + path + "' is not a whole number in 1..65535");
    }

    @Test
    void numbersMayBeWrittenAsText() throws Exception {
        final Path file = write("ilb.conf", WITH_KEY_FILE.replace("key-file = cluster.key", "port = \"7441\""));

        assertThat(ConfigurationLoader.load(file).cluster().bind()).hasToString("10.2.0.11:7441");
    }

    @Test
    void anIncludedFileHasItsOwnNameInProblems() throws IOException {
        Files.createDirectory(directory.resolve("services"));
        write("services/web.conf", "\nweb { vip = \"10.9.0.1:80\", servers = [], sheduler = maglev }\n");
        final Path file = write(
                "ilb.conf",
                WITH_KEY_FILE
                        .replace("key-file = cluster.key", "port = 0")
                        .replaceAll("services.web .*", "services { include \"services/web.conf\" }"));

        assertThat(problems(file))
                .isEqualTo("ilb.conf:2: ilb.cluster.port: 0 is not in 1..65535\n"
                        + "services/web.conf:2: ilb.services.web.sheduler: unknown key; did you mean scheduler?");
    }

    @Test
    void anIncludedFileMustExist() throws IOException {
        assertThat(problems(write("ilb.conf", "\nilb {\n  include \"none.conf\"\n  include file(\"no.conf\")\n}\n")))
                .isEqualTo("ilb.conf:3: none.conf: there is no such file\nilb.conf:4: no.conf: there is no such file");
    }

    @Test
    void theMistakesOfAllIncludedFilesAreTold() throws IOException {
        write("a.conf", "x = [1\n");
        write("b.conf", "x = 1:2\n");

        assertThat(problems(write("ilb.conf", "include \"a.conf\"\ninclude \"b.conf\"\n")))
                .isEqualTo("a.conf:2: the file ends inside an object or a list: a closing } or ] is missing\n"
                        + "b.conf:1: Expecting end of input or a comma, got ':' (a text with ':' and the like needs"
                        + " double quotes)");
    }

    @Test
    void aFileThatIncludesItselfIsToldOnce() throws IOException {
        write("a.conf", "include \"ilb.conf\"\n");

        assertThat(problems(write("ilb.conf", "\ninclude \"a.conf\"\n")))
                .isEqualTo("a.conf:1: ilb.conf includes itself");
    }

    @Test
    void onlyFilesCanBeIncluded() throws IOException {
        assertThat(problems(write(
                        "ilb.conf",
                        "include url(\"http://192.0.2.1/x.conf\")\ninclude classpath(\"reference.conf\")\n")))
                .isEqualTo("ilb.conf:1: only a file can be included: include \"NAME.conf\"\n"
                        + "ilb.conf:2: only a file can be included: include \"NAME.conf\"");
    }

    @Test
    void theMissingKeyOfAnObjectInTwoFilesPointsToOneOfThem() throws IOException {
        write("more.conf", "\n\n\ncluster { seed = 1 }\n");
        final Path file =
                write("ilb.conf", WITH_KEY_FILE.replace("cluster { id = 1,", "include \"more.conf\"\ncluster { "));

        assertThat(problems(file)).contains("more.conf:4: ilb.cluster.id: missing");
    }

    @Test
    void keysAreReadInTheirOrder() throws Exception {
        write("cluster.key", "# new, then old\n\n  " + KEY + "  \n" + OTHER_KEY + "\n");

        final ClusterSettings cluster =
                ConfigurationLoader.load(write("ilb.conf", WITH_KEY_FILE)).cluster();

        assertThat(cluster.keys()).hasSize(2);
        assertThat(cluster.keys().getFirst().bytes())
                .startsWith(0x00, 0x11, 0x22)
                .hasSize(16);
        assertThat(cluster.keys().getLast().bytes())
                .startsWith(0x11, 0x11, 0x22)
                .hasSize(16);
        assertThat(cluster.toString()).doesNotContain("112233");
    }

    @Test
    void aWrongKeyFileIsToldWithoutTheKey() throws IOException {
        final String expected =
                "expected is one key on a line, in 32..128 hexadecimal digits, as openssl rand -hex 32" + " prints it";
        assertThat(keyProblems("# nothing\n"))
                .isEqualTo("ilb.conf:2: ilb.cluster.key-file: cluster.key: there is no key in the file; " + expected);
        assertThat(keyProblems("secret\n" + KEY.substring(2) + "\n"))
                .isEqualTo("cluster.key:1: ilb.cluster.key-file: this is not a key; " + expected
                        + "\ncluster.key:2: ilb.cluster.key-file: this is not a key; " + expected);
        assertThat(keyProblems(KEY + "\n" + OTHER_KEY + "\n" + KEY + "\n"))
                .isEqualTo("cluster.key:3: ilb.cluster.key-file: one key too many: the first signs, and one more can"
                        + " verify");
        assertThat(keyProblems(KEY + "\n" + KEY + "\n"))
                .isEqualTo("ilb.conf:2: ilb.cluster.key-file: cluster.key: both keys are the same; a rotation needs"
                        + " two different ones");
    }

    private String keyProblems(final String keys) throws IOException {
        write("cluster.key", keys);
        return problems(write("ilb.conf", WITH_KEY_FILE));
    }

    private String problems(final Path file) {
        final ConfigurationException exception =
                catchThrowableOfType(ConfigurationException.class, () -> ConfigurationLoader.load(file));
        assertThat(exception).isNotNull();
        assertThat(exception.problems())
                .hasSize((int) exception.getMessage().lines().count());
        return exception.getMessage().replace(directory + "/", "");
    }

    private Path write(final String name, final String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }
}
