package org.ilbd.daemon.it;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Keeps a {@link ChaosCluster} for the tests of a class, so that its connections live through all of them; to be registered as a static
 * extension. After a failure, and for another shape, the next test gets a new one.
 */
final class StandingCluster implements AfterEachCallback, AfterAllCallback {
    private @Nullable Lab lab;
    private @Nullable ChaosCluster cluster;

    ChaosCluster of(ChaosCluster.Shape shape) throws IOException {
        ChaosCluster current = cluster;
        if (current != null && current.shape().equals(shape)) {
            return current;
        }
        if (current != null) {
            current.finish();
            end(false);
        }
        Lab network = ChaosCluster.isInFullSize() ? new Lab().compiledInFull() : new Lab();
        // Before anything can fail, so that it is taken down.
        lab = network;
        current = new ChaosCluster(shape, network);
        cluster = current;
        return current;
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        if (context.getExecutionException().isPresent()) {
            end(true);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        ChaosCluster current = cluster;
        try {
            if (current != null) {
                current.finish();
            }
        } finally {
            end(false);
        }
    }

    private void end(boolean failed) throws IOException {
        Lab network = lab;
        cluster = null;
        lab = null;
        if (network != null) {
            network.end(failed);
        }
    }
}
