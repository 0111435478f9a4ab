package org.ilbd.daemon.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the build has written into the jar's manifest. */
public final class Version implements IVersionProvider {
    /** The bare number. */
    public static String number() {
        final String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "(not from a release: classes without a jar)" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "ilbd " + number(),
            "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.version")
        };
    }
}
