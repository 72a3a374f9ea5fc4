# A network whose weights another one makes, from an embedding of the layer
# Ha, Dai and Le (2017), HyperNetworks
X: 3 x m
Y: 2 x m
z: 2 x 1
A: 12 x 2
a: 12 x 1
V: 2 x 4
w = A @ z + a
W = hstack(w[0:4], w[4:8], w[8:12])
loss = mse(V @ tanh(W @ X), Y)
