# Every row of a weight divided by its root mean square, times a learned scale
# m = 5
X: 3 x m
Y: 4 x m
V: 4 x 3
g: 4 x 1
N = rmsnorm(V.T)
W = g * N.T
A = tanh(W @ X)
loss = mse(A, Y)
