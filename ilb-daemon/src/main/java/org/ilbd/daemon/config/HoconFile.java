package org.ilbd.daemon.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Reads a HOCON file and what it includes. Differs from the library's own way in that an included file must exist, that
 * only files can be included, and that a broken one does not hide the problems of the others.
 */
final class HoconFile {
    private final Problems problems;
    /** The files that are being parsed, the innermost first. */
    private final Deque<Path> open = new ArrayDeque<>();

    private HoconFile(final Problems problems) {
        this.problems = problems;
    }

    /** The file with all substitutions done. Empty if there is a problem, which is reported. */
    static Optional<ConfigObject> read(final Path file, final Problems problems) {
        final ConfigObject parsed = new HoconFile(problems).parse(file, new Place(file.toString(), 0));
        if (!problems.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(parsed.toConfig().resolve().root());
        } catch (final ConfigException e) {
            report(e, file, problems);
            return Optional.empty();
        }
    }

    /** @param asked where the file is named, to report that it cannot be read */
    ConfigObject parse(final Path file, final Place asked) {
        final Path normalised = file.toAbsolutePath().normalize();
        if (open.contains(normalised)) {
            problems.add(asked, "", file + " includes itself");
            return ConfigFactory.empty().root();
        }
        open.push(normalised);
        try {
            final String text = Files.readString(file, StandardCharsets.UTF_8);
            return ConfigFactory.parseReader(
                            new StringReader(text),
                            ConfigParseOptions.defaults()
                                    .setSyntax(ConfigSyntax.CONF)
                                    .setOriginDescription(file.toString())
                                    .setIncluder(new FileIncluder(this, file, text, problems)))
                    .root();
        } catch (final ConfigException e) {
            report(e, file, problems);
        } catch (final IOException e) {
            final String subject = asked.line() > 0 ? file + ": " : "";
            problems.add(asked, "", subject + reason(file, e));
        } finally {
            open.pop();
        }
        return ConfigFactory.empty().root();
    }

    /** Why a file cannot be read. */
    static String reason(final Path file, final IOException exception) {
        return switch (exception) {
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "this user may not read the file";
            case CharacterCodingException _ -> "the file is not UTF-8 text";
            default ->
                Files.isDirectory(file)
                        ? "this is a directory, not a file"
                        : "the file cannot be read: " + exception.getMessage();
        };
    }

    private static void report(final ConfigException exception, final Path file, final Problems problems) {
        final ConfigOrigin origin = exception.origin();
        final String text = String.valueOf(exception.getMessage());
        if (origin == null) {
            problems.add(new Place(file.toString(), 0), "", inOurWords(text));
        } else {
            final String prefix = origin.description() + ": ";
            problems.add(
                    Place.of(origin), "", inOurWords(text.startsWith(prefix) ? text.substring(prefix.length()) : text));
        }
    }

    /** The library's texts for the most common mistakes name tokens of its grammar, and not what to do. */
    private static String inOurWords(final String text) {
        if (text.contains("end of file")) {
            return "the file ends inside an object or a list: a closing } or ] is missing";
        }
        if (text.contains("unescaped newline")) {
            return "a text in double quotes does not end on its line";
        }
        if (text.contains("has type LIST rather than object at file root")) {
            return "the file is a list; expected is an object that starts with ilb {";
        }
        final int advice = text.indexOf(" (if you intended");
        return advice < 0 ? text : text.substring(0, advice) + " (a text with ':' and the like needs double quotes)";
    }
}
