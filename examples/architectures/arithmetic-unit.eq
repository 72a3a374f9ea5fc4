# A neural arithmetic logic unit: sums, and products by logarithms, and a gate
# Trask, Hill, Reed, Rae, Dyer and Blunsom (2018), Neural arithmetic logic units
X: 3 x m
Y: 2 x m
V, M, G: 2 x 3
W = tanh(V) * sigmoid(M)
a = W @ X
p = exp(W @ log(abs(X) + 0.001))
g = sigmoid(G @ X)
loss = mse(g * a + (1 - g) * p, Y)
