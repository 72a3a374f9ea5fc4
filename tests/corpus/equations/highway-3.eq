# Three highway layers: an index that repeats
# m = 3
X, Y: 4 x m
W1, V1, W2, V2, W3, V3: 4 x 4
b1, c1, b2, c2, b3, c3: 4 x 1
P1 = V1 @ X + c1
T1 = sigmoid(P1)
Z1 = W1 @ X + b1
H1 = tanh(Z1)
A1 = T1 * H1 + (1 - T1) * X
P2 = V2 @ A1 + c2
T2 = sigmoid(P2)
Z2 = W2 @ A1 + b2
H2 = tanh(Z2)
A2 = T2 * H2 + (1 - T2) * A1
P3 = V3 @ A2 + c3
T3 = sigmoid(P3)
Z3 = W3 @ A2 + b3
H3 = tanh(Z3)
A3 = T3 * H3 + (1 - T3) * A2
loss = mse(A3, Y)
