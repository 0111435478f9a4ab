package org.ilbd.daemon.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Reads the file of cluster keys: one key on a line, in hexadecimal digits, at least {@value #MIN_KEY_BYTES} bytes
 * (as {@code openssl rand -hex 32} prints one). Empty lines and lines that start with {@code #} do not count. There are
 * one or two keys: the first signs, both verify.
 */
final class KeyFile {
    /** With fewer than 128 bits the key would be the weakest part. */
    static final int MIN_KEY_BYTES = 16;
    /** No secret needs more; more is a file of another kind. */
    static final int MAX_KEY_BYTES = 64;

    private static final int MAX_KEYS = 2;
    private static final String EXPECTED = "expected is one key on a line, in " + 2 * MIN_KEY_BYTES + ".."
            + 2 * MAX_KEY_BYTES + " hexadecimal digits, as openssl rand -hex 32 prints it";

    private KeyFile() {}

    /**
     * The keys in the file, the signing one first. What is wrong with it is reported, without the text of the key.
     *
     * @param setting the setting that names the file
     */
    static List<ClusterKey> read(final Path file, final Located<String> setting, final Problems problems) {
        final List<ClusterKey> keys = new ArrayList<>();
        final List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (final IOException e) {
            problems.add(setting, file + ": " + HoconFile.reason(file, e));
            return keys;
        }
        boolean wrong = false;
        for (int i = 0; i < lines.size(); i++) {
            final String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            final Place place = new Place(file.toString(), i + 1);
            try {
                final byte[] key = HexFormat.of().parseHex(line);
                if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
                    throw new IllegalArgumentException("wrong length");
                }
                keys.add(new ClusterKey(key));
            } catch (final IllegalArgumentException _) {
                wrong = true;
                problems.add(place, setting.path(), "this is not a key; " + EXPECTED);
            }
            if (keys.size() > MAX_KEYS) {
                wrong = true;
                problems.add(place, setting.path(), "one key too many: the first signs, and one more can verify");
                break;
            }
        }
        if (keys.isEmpty() && !wrong) {
            problems.add(setting, file + ": there is no key in the file; " + EXPECTED);
        } else if (keys.size() == MAX_KEYS && keys.get(0).equals(keys.get(1))) {
            problems.add(setting, file + ": both keys are the same; a rotation needs two different ones");
        }
        return keys;
    }
}
