package org.ilbd.core.testing;

/** Pearson's chi-square test. */
public final class ChiSquare {
    private static final int MAX_TERMS = 10_000;
    private static final double PRECISION = 1e-15;

    private ChiSquare() {}

    /** The sum of (observed - expected)^2 / expected, where the expected counts have the ratios of the weights. */
    public static double statistic(long[] observed, double[] weights) {
        double total = 0;
        double weight = 0;
        for (int i = 0; i < observed.length; i++) {
            total += observed[i];
            weight += weights[i];
        }
        double statistic = 0;
        for (int i = 0; i < observed.length; i++) {
            double expected = total * weights[i] / weight;
            statistic += (observed[i] - expected) * (observed[i] - expected) / expected;
        }
        return statistic;
    }

    /**
     * How likely a statistic at least this large is, by chance alone: Q(k/2, x/2), the regularised upper gamma
     * function.
     */
    public static double pValue(double statistic, int degreesOfFreedom) {
        double a = degreesOfFreedom / 2.0;
        double x = statistic / 2;
        if (x <= 0) {
            return 1;
        }
        double scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
        return x < a + 1 ? 1 - scale * series(a, x) : scale * continuedFraction(a, x);
    }

    /** Numerical Recipes, 6.2.5. */
    private static double series(double a, double x) {
        double term = 1 / a;
        double sum = term;
        for (int n = 1; n < MAX_TERMS && term > sum * PRECISION; n++) {
            term *= x / (a + n);
            sum += term;
        }
        return sum;
    }

    /** Numerical Recipes, 6.2.7, by Lentz's method. */
    private static double continuedFraction(double a, double x) {
        double b = x + 1 - a;
        double c = Double.MAX_VALUE;
        double d = 1 / b;
        double result = d;
        for (int n = 1; n < MAX_TERMS; n++) {
            double numerator = -n * (n - a);
            b += 2;
            d = 1 / (numerator * d + b);
            c = b + numerator / c;
            result *= d * c;
            if (Math.abs(d * c - 1) < PRECISION) {
                break;
            }
        }
        return result;
    }

    /** The logarithm of Gamma(x) for x = 1/2, 1, 3/2, ...: Gamma(x) = (x - 1) Gamma(x - 1). */
    private static double logGamma(double x) {
        double sum = 0;
        double y = x;
        while (y > 1) {
            y--;
            sum += Math.log(y);
        }
        return y == 1 ? sum : sum + Math.log(Math.PI) / 2;
    }
}
