package org.ilbd.daemon.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import java.io.File;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;

/** The {@code include} statements of one file: each names a file, relative to the one that it stands in. */
final class FileIncluder implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {
    private final HoconFile reader;
    private final Path file;
    private final List<String> lines;
    private final Problems problems;

    /** @param text of {@code file}: the library does not tell the line of an include */
    FileIncluder(final HoconFile reader, final Path file, final String text, final Problems problems) {
        this.reader = reader;
        this.file = file;
        this.lines = text.lines().toList();
        this.problems = problems;
    }

    @Override
    public ConfigIncluder withFallback(final ConfigIncluder fallback) {
        return this; // the library's includer would ignore what is missing
    }

    @Override
    public ConfigObject include(final ConfigIncludeContext context, final String what) {
        return reader.parse(file.resolveSibling(what), placeOf(what));
    }

    @Override
    public ConfigObject includeFile(final ConfigIncludeContext context, final File what) {
        return include(context, what.getPath());
    }

    @Override
    public ConfigObject includeURL(final ConfigIncludeContext context, final URL what) {
        return refused(what.toString());
    }

    @Override
    public ConfigObject includeResources(final ConfigIncludeContext context, final String what) {
        return refused(what);
    }

    private ConfigObject refused(final String what) {
        problems.add(placeOf(what), "", "only a file can be included: include \"NAME.conf\"");
        return ConfigFactory.empty().root();
    }

    private Place placeOf(final String what) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains("include") && lines.get(i).contains(what)) {
                return new Place(file.toString(), i + 1);
            }
        }
        return new Place(file.toString(), 0);
    }
}
