data { int n; vector[n] x; array[n] int y; }
parameters { real b; ordered[3] cuts; }
model { b ~ normal(0,2); cuts ~ normal(0,5); y ~ ordered_logistic(b*x, cuts); }
