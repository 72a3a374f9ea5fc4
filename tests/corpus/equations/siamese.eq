# Two inputs through the same layers, the squared distance of what comes out
# m = 5; Y binary
X1, X2: 3 x m input
Y: 1 x m
W1: 6 x 3
b1: 6 x 1
W2: 4 x 6
v: 1 x 4
U1 = W2 @ tanh(W1 @ X1 + b1)
U2 = W2 @ tanh(W1 @ X2 + b1)
D2 = (U1 - U2)**2
S = v @ D2
loss = bce(sigmoid(S), Y)
