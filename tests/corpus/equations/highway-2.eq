# Two highway layers
# m = 5
X, Y: 4 x m
W1, V1, W2, V2: 4 x 4
b1, c1, b2, c2: 4 x 1
T1 = sigmoid(V1 @ X + c1)
H1 = tanh(W1 @ X + b1)
A1 = T1 * H1 + (1 - T1) * X
T2 = sigmoid(V2 @ A1 + c2)
H2 = tanh(W2 @ A1 + b2)
A2 = T2 * H2 + (1 - T2) * A1
loss = mse(A2, Y)
