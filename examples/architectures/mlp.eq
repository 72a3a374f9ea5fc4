# A multilayer perceptron
# Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors
X: 3 x m
Y: 2 x m
W1: 5 x 3
b1: 5 x 1
W2: 2 x 5
b2: 2 x 1
H = sigmoid(W1 @ X + b1)
O = sigmoid(W2 @ H + b2)
loss = sum((O - Y)**2) / 2
