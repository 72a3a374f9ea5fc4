# Quantile regression
# Koenker and Bassett (1978), Regression quantiles
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
tau = 0.9
e = Y - w @ X - b
loss = mean(max(tau * e, (tau - 1) * e))
