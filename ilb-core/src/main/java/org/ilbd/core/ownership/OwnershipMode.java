package org.ilbd.core.ownership;

/** How a score is made from the CRC32 of id and 4-tuple. All ILBs of a cluster use the same mode. */
public enum OwnershipMode {
    /**
     * The CRC32 itself. For clusters whose other members only know this rule. Uneven: because CRC is linear, three
     * ILBs may own 25, 50 and 25 %, and the load of a failed one may fall on a single peer.
     */
    CRC32("crc32"),
    /** The CRC32 through a full-avalanche finaliser, with the id and a cluster-wide seed: even. The default. */
    CRC32_MIXED("crc32-mixed");

    private final String configName;

    OwnershipMode(String configName) {
        this.configName = configName;
    }

    /** The name in the configuration file. */
    public String configName() {
        return configName;
    }

    /**
     * The mode with this name in the configuration file.
     *
     * @throws IllegalArgumentException with a text for an operator
     */
    public static OwnershipMode parse(String name) {
        for (OwnershipMode mode : values()) {
            if (mode.configName.equals(name)) {
                return mode;
            }
        }
        throw new IllegalArgumentException("'" + name + "' is not an ownership mode (crc32, crc32-mixed)");
    }
}
