# Softmax of rows
X: m x 3 input
Y: m x 2 target
W: 3 x 2
P = softmax(X @ W, 1)
loss = mse(P, Y)
