# Written by symbp
X: n0 x m
Y: n3 x m
W1: n1 x n0
b1: n1 x 1
W2: n2 x n1
b2: n2 x 1
W3: n3 x n2
b3: n3 x 1

Z1 = W1 @ X + b1
A1 = tanh(Z1)
Z2 = W2 @ A1 + b2
A2 = tanh(Z2)
Z3 = W3 @ A2 + b3
A3 = tanh(Z3)
loss = mse(A3, Y)
