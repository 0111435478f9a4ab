package org.ilbd.daemon.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Who runs this, and what others may see. */
final class Users {
    private Users() {}

    /** Whether a process can become another user: in a user namespace there is none but root. */
    static boolean canChange() throws IOException {
        return Files.readString(Path.of("/proc/self/uid_map")).strip().matches("0\\s+0\\s+4294967295");
    }

    /** Lets every user read a directory and what is in it. */
    static void openToAll(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
