/**
 * Who is there: what ID messages say of the other ILBs, when silence means that one of them is dead, and which state this
 * ILB is in itself. Time and messages are handed in and conclusions handed out, so the same input gives the same run.
 */
package org.ilbd.core.membership;
