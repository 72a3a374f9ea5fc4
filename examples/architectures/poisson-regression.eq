# Poisson regression
# Nelder and Wedderburn (1972), Generalized linear models
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
eta = w @ X + b
loss = mean(exp(eta) - Y * eta)
