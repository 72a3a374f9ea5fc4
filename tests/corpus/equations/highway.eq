# One highway layer
# m = 5
W, V: 4 x 4
b, c: 4 x 1
X: 4 x m
Y: 4 x m
H = tanh(W @ X + b)
T = sigmoid(V @ X + c)
O = T * H + (1 - T) * X
loss = mse(O, Y)
