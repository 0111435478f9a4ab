package org.ilbd.daemon.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the build has written into the jar's manifest. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        final String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {
            "ilbd " + (version == null ? "(not from a release: classes without a jar)" : version),
            "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.version")
        };
    }
}
