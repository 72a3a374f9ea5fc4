# Five layers alike, so that an index repeats, the output another
# m = 4; Y one-hot
X: 3 x m
Y: 3 x m
W1, W2, W3, W4, W5: 3 x 3
b1, b2, b3, b4, b5: 3 x 1
A1 = tanh(W1 @ X + b1)
A2 = tanh(W2 @ A1 + b2)
A3 = tanh(W3 @ A2 + b3)
A4 = tanh(W4 @ A3 + b4)
P = softmax(W5 @ A4 + b5)
loss = cross_entropy(P, Y)
