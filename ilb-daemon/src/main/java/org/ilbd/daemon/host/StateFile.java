package org.ilbd.daemon.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.NetworkNamespace;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the {@link HostState} past the end of the process. There is one file for each network namespace and TUN device; the
 * process that has opened the device is the only one that touches it.
 */
final class StateFile {
    private static final Logger LOG = LoggerFactory.getLogger(StateFile.class);
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Optional<Path> file;
    private final String boot;

    private StateFile(final Optional<Path> file, final String boot) {
        this.file = file;
        this.boot = boot;
    }

    /** The file for a device in this network namespace, in the first directory that can be written. */
    static StateFile forDevice(final String tun) {
        final Map<String, String> environment = System.getenv();
        final Optional<Path> directory = Stream.of(
                        // systemd's, where the unit has RuntimeDirectory=; with RuntimeDirectoryPreserve= it outlives a
                        // crash
                        Optional.ofNullable(environment.get("RUNTIME_DIRECTORY"))
                                .map(all -> all.split(":", 2)[0]),
                        Optional.of("/run/ilbd"),
                        Optional.ofNullable(environment.get("XDG_RUNTIME_DIR")).map(user -> user + "/ilbd"))
                .flatMap(Optional::stream)
                .map(Path::of)
                .filter(StateFile::isWritable)
                .findFirst();
        try {
            final String name = Long.toUnsignedString(NetworkNamespace.cookie()) + "-" + tun + ".state";
            final String boot =
                    Files.readString(BOOT_ID, StandardCharsets.US_ASCII).strip();
            if (directory.isEmpty()) {
                LOG.warn("no directory for the state of the host (/run/ilbd): after a crash, routes and sysctls stay");
            }
            return new StateFile(directory.map(path -> path.resolve(name)), boot);
        } catch (final ErrnoException e) {
            LOG.warn(
                    "this kernel does not name its network namespaces ({}): after a crash, routes and sysctls stay", e);
        } catch (final IOException e) {
            LOG.warn("cannot tell this start of the host from others: after a crash, routes and sysctls stay", e);
        }
        return new StateFile(Optional.empty(), "");
    }

    /** What an earlier process has left. Empty if it has ended well, or in an earlier life of the host. */
    Optional<HostState> read() {
        return file.filter(Files::exists).flatMap(path -> {
            try {
                return HostState.parse(Files.readString(path, StandardCharsets.UTF_8), boot);
            } catch (final IOException e) {
                LOG.warn("cannot read {}, which an earlier ilbd left: its routes and sysctls stay", path, e);
                return Optional.empty();
            }
        });
    }

    /** Replaces the file whole: a crash leaves the old or the new one. */
    void write(final HostState state) {
        file.ifPresent(path -> {
            final Path next = path.resolveSibling(path.getFileName() + ".new");
            try {
                Files.writeString(next, state.format(boot), StandardCharsets.UTF_8);
                Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (final IOException e) {
                LOG.warn("cannot write {}: after a crash, routes and sysctls stay", path, e);
            }
        });
    }

    void delete() {
        file.ifPresent(path -> {
            try {
                Files.deleteIfExists(path);
            } catch (final IOException e) {
                LOG.warn("cannot delete {}", path, e);
            }
        });
    }

    private static boolean isWritable(final Path directory) {
        try {
            Files.createDirectories(directory);
            return Files.isWritable(directory);
        } catch (final IOException _) {
            return false;
        }
    }
}
