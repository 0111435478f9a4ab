package org.ilbd.daemon;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;
import org.ilbd.core.engine.Engine;

/** The arrows between the packages: only the package at the top knows all of them. */
@AnalyzeClasses(packages = "org.ilbd.daemon", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    private static final Set<String> STARTUP = Set.of(ExitCode.class.getName(), StartupException.class.getName());

    @ArchTest
    static final ArchRule packagesKnowOnlyWhatTheyMay = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("top")
            .definedBy(resideInAPackage("org.ilbd.daemon").and(not(isHowAStartFails())))
            .layer("how a start fails")
            .definedBy(isHowAStartFails())
            .layer("config")
            .definedBy("org.ilbd.daemon.config")
            .layer("datapath")
            .definedBy("org.ilbd.daemon.datapath")
            .layer("linux")
            .definedBy("org.ilbd.daemon.linux")
            .layer("cluster")
            .definedBy("org.ilbd.daemon.cluster")
            .layer("health")
            .definedBy("org.ilbd.daemon.health")
            .layer("agent")
            .definedBy("org.ilbd.daemon.agent")
            .layer("admin")
            .definedBy("org.ilbd.daemon.admin")
            .layer("cli")
            .definedBy("org.ilbd.daemon.cli")
            .layer("host")
            .definedBy("org.ilbd.daemon.host")
            .whereLayer("top")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("linux")
            .mayNotAccessAnyLayer()
            .whereLayer("how a start fails")
            .mayNotAccessAnyLayer()
            .whereLayer("config")
            .mayOnlyAccessLayers("how a start fails")
            .whereLayer("admin")
            .mayOnlyAccessLayers("health", "how a start fails")
            .whereLayer("datapath")
            .mayOnlyAccessLayers("linux")
            .whereLayer("cluster")
            .mayOnlyAccessLayers("datapath", "linux")
            .whereLayer("health")
            .mayOnlyAccessLayers("config", "linux")
            .whereLayer("agent")
            .mayOnlyAccessLayers("health")
            .whereLayer("cli")
            .mayOnlyAccessLayers("config", "agent", "how a start fails")
            .whereLayer("host")
            .mayOnlyAccessLayers("config", "linux", "how a start fails");

    /** The exit codes, and the exception that carries one up to the command: known to whoever may fail at the start. */
    private static DescribedPredicate<JavaClass> isHowAStartFails() {
        return describe(
                "exit codes and the exception with one",
                type -> STARTUP.contains(type.getBaseComponentType().getName()));
    }

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("org.ilbd.daemon.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule systemCallsAreMadeInOnePackage = noClasses()
            .that()
            .resideOutsideOfPackage("org.ilbd.daemon.linux")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.foreign.Linker");

    @ArchTest
    static final ArchRule linuxKnowsNothingOfLoadBalancing = noClasses()
            .that()
            .resideInAPackage("org.ilbd.daemon.linux")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.ilbd.core..", "io.netty..");

    @ArchTest
    static final ArchRule configOpensNothing = noClasses()
            .that()
            .resideInAPackage("org.ilbd.daemon.config")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.netty..", "java.nio.channels..");

    @ArchTest
    static final ArchRule adminOnlyReadsTheEngine = noClasses()
            .that()
            .resideInAPackage("org.ilbd.daemon.admin")
            .should()
            .callMethodWhere(
                    target(owner(type(Engine.class))).and(target(nameMatching("on[A-Z].*|leave|reconfigure"))));
}
