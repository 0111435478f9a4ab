package org.ilbd.daemon;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.daemon.config.Configuration;

/** Tells which settings a reload cannot change: all but the services and the cluster's keys. */
final class RestartNeeded {
    private RestartNeeded() {}

    /** The sections of the file in which two configurations differ so. */
    static List<String> between(Configuration running, Configuration next) {
        List<String> differing = new ArrayList<>();
        if (!running.cluster().equals(next.cluster().withKeys(running.cluster().keys()))) {
            differing.add("ilb.cluster");
        }
        if (!running.datapath().equals(next.datapath())) {
            differing.add("ilb.datapath");
        }
        if (!running.connections().equals(next.connections())) {
            differing.add("ilb.connections");
        }
        if (!running.cache().equals(next.cache())) {
            differing.add("ilb.cache");
        }
        if (!running.admin().equals(next.admin())) {
            differing.add("ilb.admin");
        }
        return differing;
    }
}
