package org.ilbd.core;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the packages, and what core must never touch. */
@AnalyzeClasses(packages = "org.ilbd.core", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule packagesKnowOnlyWhatTheyMay = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("packet")
            .definedBy("org.ilbd.core.packet")
            .layer("ownership")
            .definedBy("org.ilbd.core.ownership")
            .layer("connection")
            .definedBy("org.ilbd.core.connection")
            .layer("scheduler")
            .definedBy("org.ilbd.core.scheduler")
            .layer("protocol")
            .definedBy("org.ilbd.core.protocol")
            .layer("membership")
            .definedBy("org.ilbd.core.membership")
            .layer("engine")
            .definedBy("org.ilbd.core.engine")
            .whereLayer("packet")
            .mayNotAccessAnyLayer()
            .whereLayer("ownership")
            .mayOnlyAccessLayers("packet")
            .whereLayer("connection")
            .mayOnlyAccessLayers("packet")
            .whereLayer("scheduler")
            .mayOnlyAccessLayers("packet")
            .whereLayer("protocol")
            .mayOnlyAccessLayers("packet", "ownership")
            .whereLayer("membership")
            .mayOnlyAccessLayers("packet", "ownership", "protocol")
            .whereLayer("engine")
            .mayNotBeAccessedByAnyLayer();

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("org.ilbd.core.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule coreDoesNoInputOrOutput = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.netty..", "org.slf4j..", "java.io..", "java.nio.channels..", "java.nio.file..", "java.net..");

    @ArchTest
    static final ArchRule coreHasNoThreadsAndNoLocks = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.util.concurrent..")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Thread.class);

    @ArchTest
    static final ArchRule timeIsHandedIn = noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat()
            .resideInAPackage("java.time..");
}
