package org.ilbd.daemon.config;

/** A value with the place where it is written, so that a later check can point there. */
record Located<T>(T value, String path, Place place) {}
