package org.ilbd.daemon.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** One object of the file while it is read: remembers which keys are known, and reports the others at the end. */
final class Section {
    private static final Pattern PLAIN_KEY = Pattern.compile("[A-Za-z0-9_-]+");

    private final ConfigObject object;
    private final String path;
    private final Problems problems;
    private final Set<String> known = new LinkedHashSet<>();

    Section(final ConfigObject object, final String path, final Problems problems) {
        this.object = object;
        this.path = path;
        this.problems = problems;
    }

    String path() {
        return path;
    }

    Place place() {
        return Place.of(object.origin());
    }

    boolean has(final String key) {
        known.add(key);
        return object.containsKey(key);
    }

    /** The keys of an object whose keys are names that the operator chose. */
    List<String> names() {
        return List.copyOf(new TreeSet<>(object.keySet()));
    }

    /** A setting that may be left out. Empty too if it is wrong, which is reported. */
    <T> Optional<Located<T>> optional(final String key, final Kind<T> kind) {
        known.add(key);
        final ConfigValue value = object.get(key);
        return value == null ? Optional.empty() : read(value, pathOf(key), kind);
    }

    /** A setting that must be there. Empty if it is missing or wrong, which is reported. */
    <T> Optional<Located<T>> required(final String key, final Kind<T> kind) {
        if (!has(key)) {
            missing(key, kind.expected());
        }
        return optional(key, kind);
    }

    /** A setting with a default, which stands in for a wrong value too: that is reported. */
    <T> T value(final String key, final Kind<T> kind, final T fallback) {
        return optional(key, kind).map(Located::value).orElse(fallback);
    }

    /** A list of values. Empty if it is left out. Wrong elements are reported and left out. */
    <T> List<Located<T>> list(final String key, final Kind<T> kind) {
        final List<Located<T>> result = new ArrayList<>();
        int index = 0;
        for (final ConfigValue element : elements(key, "a list [ ], each element " + kind.expected())) {
            read(element, pathOf(key) + "[" + index++ + "]", kind).ifPresent(result::add);
        }
        return result;
    }

    /** A list of objects that must be there. */
    List<Section> requiredSections(final String key, final String expected) {
        if (!has(key)) {
            missing(key, expected);
        }
        final List<Section> result = new ArrayList<>();
        int index = 0;
        for (final ConfigValue element : elements(key, expected)) {
            final String elementPath = pathOf(key) + "[" + index++ + "]";
            if (element instanceof final ConfigObject elementObject) {
                result.add(new Section(elementObject, elementPath, problems));
            } else {
                wrongType(element, elementPath, "an object such as { address = \"10.0.0.1\" }");
            }
        }
        return result;
    }

    /** A part of the file that may be left out: empty then. Also empty if it is no object, which is reported. */
    Section section(final String key) {
        known.add(key);
        final ConfigValue value = object.get(key);
        if (value instanceof final ConfigObject child) {
            return new Section(child, pathOf(key), problems);
        }
        if (value != null) {
            wrongType(value, pathOf(key), "an object { }");
        }
        return new Section(ConfigFactory.empty().root().withOrigin(object.origin()), pathOf(key), problems);
    }

    /** A part of the file that must be there. Empty if it is missing or no object, which is reported. */
    Optional<Section> requiredSection(final String key, final String expected) {
        if (!has(key)) {
            missing(key, expected);
            return Optional.empty();
        }
        final Section child = section(key);
        return object.get(key) instanceof ConfigObject ? Optional.of(child) : Optional.empty();
    }

    /** Reports every key that nobody asked for. To be called last. */
    void finish() {
        for (final String key : object.keySet()) {
            if (!known.contains(key)) {
                final String hint = NearestName.among(known, key)
                        .map(name -> "did you mean " + name + "?")
                        .orElseGet(() -> "known here: " + String.join(", ", new TreeSet<>(known)));
                problems.add(placeOf(key), pathOf(key), "unknown key; " + hint);
            }
        }
    }

    String pathOf(final String key) {
        final String quoted = PLAIN_KEY.matcher(key).matches() ? key : ConfigUtil.quoteString(key);
        return path.isEmpty() ? quoted : path + "." + quoted;
    }

    /** Where {@code key} is written; the object itself if it is not. */
    Place placeOf(final String key) {
        final ConfigValue value = object.get(key);
        return value == null ? place() : Place.of(value.origin(), place());
    }

    private void missing(final String key, final String expected) {
        problems.add(place(), pathOf(key), "missing; expected is " + expected);
    }

    private List<? extends ConfigValue> elements(final String key, final String expected) {
        known.add(key);
        final ConfigValue value = object.get(key);
        if (value instanceof final ConfigList list) {
            return list;
        }
        if (value != null) {
            wrongType(value, pathOf(key), expected);
        }
        return List.of();
    }

    private void wrongType(final ConfigValue value, final String at, final String expected) {
        problems.add(Place.of(value.origin(), place()), at, Kind.wrongType(expected, value));
    }

    private <T> Optional<Located<T>> read(final ConfigValue value, final String at, final Kind<T> kind) {
        try {
            return Optional.of(new Located<>(kind.read(value), at, Place.of(value.origin(), place())));
        } catch (final IllegalArgumentException e) {
            problems.add(Place.of(value.origin(), place()), at, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }
}
