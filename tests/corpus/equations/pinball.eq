# The quantile loss written out with two ramps
# m = 5
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 2 x 4
A = W2 @ tanh(W1 @ X)
E = Y - A
loss = 0.9 * sum(relu(E)) / m + 0.1 * sum(relu(-E)) / m
