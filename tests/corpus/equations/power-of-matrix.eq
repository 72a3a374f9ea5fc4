# An exponent that is learned
X: 3 x m
Y: 3 x m
p: 1 x 1
loss = mse(exp(X)**p, Y)
