/**
 * Whole clusters in one thread: real engines, and around them a simulated network, routers, clients and servers, one clock
 * and one seed. Random schedules of what can go wrong run against the invariants of the design, and a schedule that breaks
 * one can be run again, step by step the same, and shortened.
 */
package org.ilbd.core.simulator;
