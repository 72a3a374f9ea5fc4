# Two experts and one gate
# m = 5
X: 3 x m
Y: 2 x m
W1, W2: 2 x 3
b1, b2: 2 x 1
v: 1 x 3
E1 = tanh(W1 @ X + b1)
E2 = tanh(W2 @ X + b2)
g = sigmoid(v @ X)
Out = g * E1 + (1 - g) * E2
loss = mse(Out, Y)
