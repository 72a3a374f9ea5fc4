# A maxout network
# Goodfellow, Warde-Farley, Mirza, Courville and Bengio (2013), Maxout networks
X: 3 x m
Y: 2 x m
W1, W2: 5 x 3
b1, b2: 5 x 1
V: 2 x 5
H = max(W1 @ X + b1, W2 @ X + b2)
P = softmax(V @ H)
loss = cross_entropy(P, Y)
