/**
 * The state machine that joins all of core: packets, messages of peers and ticks come in with the time of their arrival,
 * and what is to be done goes out through {@link org.ilbd.core.engine.EngineOutput}. One thread owns all of it.
 */
package org.ilbd.core.engine;
