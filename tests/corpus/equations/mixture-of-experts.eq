# Three experts weighted by softmax; given rows pick the weights
# m = 5; e1 positive; e2 positive; e3 positive
X: 3 x m
Y: 2 x m
V: 3 x 3
W1, W2, W3: 2 x 3
e1, e2, e3: 1 x 3 input
G = softmax(V @ X)
A1 = tanh(W1 @ X)
A2 = tanh(W2 @ X)
A3 = tanh(W3 @ X)
Out = (e1 @ G) * A1 + (e2 @ G) * A2 + (e3 @ G) * A3
loss = mse(Out, Y)
